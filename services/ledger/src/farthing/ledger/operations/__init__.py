"""Use cases of ledger: postings (through their queue), reading the books, sealing and auditing the record."""
