"""What others need to talk to webhooks."""
