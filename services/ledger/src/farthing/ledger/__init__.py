"""Keeps the books: double entry, holds, balances."""
