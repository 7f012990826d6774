"""What others need to talk to identity."""
