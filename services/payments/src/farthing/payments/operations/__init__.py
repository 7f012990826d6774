"""Use cases of payments. Each writes down what it is about to do, does it under stable ids, and records the outcome (design rule 2)."""
