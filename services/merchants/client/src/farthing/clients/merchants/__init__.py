"""What others need to talk to merchants."""
