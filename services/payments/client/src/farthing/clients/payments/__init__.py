"""What others need to talk to payments."""
