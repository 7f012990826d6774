"""Simulates the outside world of cards and banks, and can be asked what became of a request."""
