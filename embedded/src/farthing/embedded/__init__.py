"""The composition root: all services in one process."""
