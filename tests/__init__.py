"""Tests across members. A regular package, because some installed package has the same name and would be found instead."""
