"""The rules of an order, without a database or a network."""
