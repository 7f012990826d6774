"""Gives the operator the sandbox controls: clock, faults, approval, reset, journal, audit."""
