"""Makes authorizations, captures and refunds, and keeps their state."""
