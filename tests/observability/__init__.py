"""The rules of observability/ are what they promise, and the stack's parts take the configuration that the chart gives them."""
