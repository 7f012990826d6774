"""/_farthing/reset, /_farthing/snapshots, /_farthing/requests"""

from __future__ import annotations

from typing import Any

from farthing.console.api.door import Door
from farthing.console.api.models import NewSnapshot
from farthing.console.api.query import limit_of, number_of, text_of
from farthing.console.operations.journal import MOST, Requests
from farthing.console.operations.state import State
from farthing.kit.call import NO_CONTENT, Call, Response, json_response
from farthing.kit.clock import wire_time
from farthing.kit.journal import Entry, masked
from farthing.kit.sandbox import Snapshot


def declare(door: Door, state: State, requests: Requests) -> None:
    @door.route("POST", "/reset", "reset")
    async def reset(_call: Call) -> Response:
        await state.reset()
        return NO_CONTENT

    @door.route("GET", "/snapshots", "snapshots.list")
    async def snapshots(_call: Call) -> Response:
        return json_response({"snapshots": [_shown(snapshot) for snapshot in await state.snapshots()]})

    @door.route("POST", "/snapshots", "snapshots.take")
    async def take(_call: Call, body: NewSnapshot) -> Response:
        return json_response(_shown(await state.take(body.name)), 201)

    @door.route("POST", "/snapshots/{name}/restore", "snapshots.restore")
    async def restore(_call: Call, name: str) -> Response:
        await state.restore(name)
        return NO_CONTENT

    @door.route("DELETE", "/snapshots/{name}", "snapshots.delete")
    async def delete(_call: Call, name: str) -> Response:
        await state.drop(name)
        return NO_CONTENT

    @door.route("GET", "/requests", "requests.list")
    async def journal(call: Call) -> Response:
        found = requests.latest(text_of(call, "operation"), number_of(call, "status"), limit_of(call, 50, MOST))
        return json_response({"requests": [_request(entry) for entry in found]})


def _shown(snapshot: Snapshot) -> dict[str, Any]:
    return {"name": snapshot.name, "taken": wire_time(snapshot.taken), "rows": snapshot.rows}


def _request(entry: Entry) -> dict[str, Any]:
    return {
        "time": entry.at.isoformat().replace("+00:00", "Z"),
        "service": entry.service,
        "operation": entry.operation,
        "method": entry.method,
        "path": entry.path,
        "status": entry.status,
        "milliseconds": round(entry.milliseconds, 3),
        "debug_id": entry.debug_id,
        "client_id": entry.app,
        "request": masked(entry.request),
        "response": masked(entry.response),
    }
