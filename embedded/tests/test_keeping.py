"""The disk of our own PostgreSQL's data is watched."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path

from farthing.embedded.cli.keeping import Keeper
from farthing.embedded.postgres.server import EmbeddedPostgres
from farthing.kit.telemetry import Log

ANY_DISK = 1 << 60  # bytes: none has as much


async def said_of(data_dir: Path, room: int) -> list[dict[str, object]]:
    """What the log has after some looks."""
    stream = io.BytesIO()
    with EmbeddedPostgres(data_dir, fsync=False) as server:
        keeping = asyncio.create_task(Keeper(server, Log("embedded", "1", stream), room).keep())
        await asyncio.wait({keeping}, timeout=1)
        keeping.cancel()
    return [json.loads(line) for line in stream.getvalue().splitlines()]


async def test_a_disk_that_is_full_is_told_once_with_the_folder(tmp_path: Path) -> None:
    (warning,) = await said_of(tmp_path / "data", ANY_DISK)
    assert (warning["level"], warning["event"], warning["folder"]) == ("warning", "postgres.disk_full", str(tmp_path / "data"))
    assert await said_of(tmp_path / "data", 0) == []
