"""The gate between two releases: both serve at once, each calls the other."""
