"""Mechanisms that every service stands on; no business noun."""
