"""The payer's pages and the store in a real browser, against the platform in a process of its own.

`FARTHING_SCREENSHOTS=docs/images .venv/bin/pytest tests/browser` writes the pictures of the documentation from such a run.
"""
