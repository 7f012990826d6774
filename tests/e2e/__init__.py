"""Journeys through the whole platform, as its users make them."""
