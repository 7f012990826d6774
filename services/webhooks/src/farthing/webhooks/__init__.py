"""Tells merchants what happened: signed, retried, in order."""
