"""Manages users' accounts: people, businesses, addresses, funding instruments."""
