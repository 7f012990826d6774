"""Runs examples/store/store.py as it is, but for a recorder around its application: FILE, then the store's own arguments."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any

import uvicorn


class Recorder:
    """Writes requests and answers to a file as they come: lines, headers, bodies."""

    def __init__(self, app: Any, path: Path) -> None:
        self._app = app
        self._file = path.open("ab", buffering=0)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._file.write(f"{scope['method']} {scope['path']}?".encode() + scope["query_string"] + b"\n")
        self._write_headers(scope["headers"])

        async def received() -> Any:
            message = await receive()
            self._file.write(message.get("body", b"") + b"\n")
            return message

        async def sent(message: Any) -> None:
            self._write_headers(message.get("headers", []))
            self._file.write(message.get("body", b"") + b"\n")
            await send(message)

        await self._app(scope, received, sent)

    def _write_headers(self, headers: Any) -> None:
        for name, value in headers:
            self._file.write(name + b": " + value + b"\n")


if __name__ == "__main__":
    _, recording, *arguments = sys.argv
    run = uvicorn.run
    uvicorn.run = lambda app, **options: run(Recorder(app, Path(recording)), **options)
    sys.argv = ["store.py", *arguments]
    runpy.run_path("examples/store/store.py", run_name="__main__")
