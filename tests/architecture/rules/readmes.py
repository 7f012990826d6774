"""A service's README answers the same questions everywhere, on one page."""

from __future__ import annotations

import re

LINES = 120
HEADINGS = ("Owns", "Invariants", "API", "Events")


def readme(path: str, text: str) -> list[str]:
    """At most 120 lines; Owns, Invariants, API and Events are there and say something."""
    sections = dict(re.findall(r"^## (.+?)\s*$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    found = [f"{path}: no heading '## {heading}': add it and say it in a few lines" for heading in HEADINGS if heading not in sections]
    found += [
        f"{path}: '## {heading}' is empty: say it in a few lines, or 'None.'"
        for heading in HEADINGS
        if heading in sections and not sections[heading].strip()
    ]
    lines = len(text.splitlines())
    if lines > LINES:
        found.append(f"{path}: {lines} lines, at most {LINES}: move what is not about this service's contract to docs/")
    return found
