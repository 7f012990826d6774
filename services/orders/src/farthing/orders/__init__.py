"""Runs the checkout order and its state machine."""
