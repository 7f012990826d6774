"""Tests across members, and the fixtures of all. A regular package, because an installed package of the same name would otherwise be found instead."""
