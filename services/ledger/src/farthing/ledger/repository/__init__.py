"""All SQL of ledger, by use case: postings, books (reading), record (sealing and audit)."""
