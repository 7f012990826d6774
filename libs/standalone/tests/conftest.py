from __future__ import annotations

from tests.bench import bench, database

__all__ = ["bench", "database"]
