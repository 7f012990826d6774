"""All SQL of payments."""
