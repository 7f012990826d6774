"""What others need to talk to console."""
