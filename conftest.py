from __future__ import annotations

pytest_plugins = ["tests.needs", "tests.postgres", "tests.broker", "tests.processors", "tests.single", "tests.platform"]
