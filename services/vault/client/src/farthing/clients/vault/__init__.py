"""What others need to talk to vault."""
