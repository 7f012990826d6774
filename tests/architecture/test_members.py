"""The lists of members in the root configuration equal the folders."""

from __future__ import annotations
