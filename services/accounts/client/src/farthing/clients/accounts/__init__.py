"""What others need to talk to accounts."""
