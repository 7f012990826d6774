"""Mechanisms that every service stands on; no business noun.

Read in this order: manifest, service (what a service is made of), api (routes), edge (one request), rpc (one call),
db (one statement), events (outbox and inbox), work (due jobs).
"""
