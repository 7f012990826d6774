"""Authenticates users and apps: credentials, sessions, tokens and the keys that sign them."""
