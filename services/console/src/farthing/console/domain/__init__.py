"""Rules of console that need no platform around them."""
