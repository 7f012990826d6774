"""What others need to talk to checkout."""
