"""What others need to talk to observer."""
