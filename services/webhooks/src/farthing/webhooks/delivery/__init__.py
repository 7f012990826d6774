"""Sending to strangers: one POST, a hard time limit, no redirects, and no way into our own network in live mode."""
