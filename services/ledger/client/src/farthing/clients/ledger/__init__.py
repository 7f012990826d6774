"""What others need to talk to ledger."""
