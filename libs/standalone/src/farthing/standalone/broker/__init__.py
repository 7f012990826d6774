"""NATS JetStream between the processes: events from outbox to inbox, what could not be stored, and what the operator has done."""
