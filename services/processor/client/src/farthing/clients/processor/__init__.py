"""What others need to talk to processor."""
