"""What measures; nothing here is part of `make test`."""
