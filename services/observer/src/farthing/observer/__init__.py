"""Watches the cluster and tells what became of each rollout, scale-out, restart and eviction."""
