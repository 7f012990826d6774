"""Pure rules of payments: what may be captured, voided and refunded, and what it costs."""
