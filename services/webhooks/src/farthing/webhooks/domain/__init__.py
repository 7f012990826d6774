"""The rules of notifications: which names exist, what a URL may be, when to try again. Pure."""
