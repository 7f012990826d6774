"""What others need to talk to orders."""
