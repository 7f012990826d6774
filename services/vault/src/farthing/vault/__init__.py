"""Is the only place where a card number may exist; everybody else sees tokens."""
