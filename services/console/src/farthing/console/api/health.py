"""GET /_farthing/health"""

from __future__ import annotations

from farthing.console.api.door import PREFIX, Door
from farthing.console.operations.health import Health
from farthing.console.operations.journal import CONTROL
from farthing.kit.api import Api
from farthing.kit.call import Call, Response, json_response


def declare(door: Door, health: Health) -> None:
    @door.route("GET", "/health", "health", token=False)  # probes have none
    async def report(_call: Call) -> Response:
        found = await health.report()
        return json_response(found, 200 if found.up else 503)


def declare_minimal(api: Api, health: Health) -> None:
    """For live mode: whether the platform serves, and nothing about what it is made of."""

    @api.open("GET", f"{PREFIX}/health", f"{CONTROL}health")
    async def minimal(_call: Call) -> Response:
        found = await health.report()
        return json_response({"status": found.status}, 200 if found.up else 503)
