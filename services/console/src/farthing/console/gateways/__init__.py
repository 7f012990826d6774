"""Whom the console talks to besides the services' own clients."""
