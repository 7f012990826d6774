"""/_farthing/clock: virtual time."""

from __future__ import annotations

from farthing.console.api.door import Door
from farthing.console.api.models import Advance, ClockState
from farthing.console.errors import ParameterInvalid
from farthing.console.operations.clock import TimeControl
from farthing.kit.call import Call, Response, json_response


def declare(door: Door, clock: TimeControl) -> None:
    def shown(steps: int | None = None) -> Response:
        now, frozen = clock.state()
        return json_response(ClockState(now=now, frozen=frozen, steps=steps))

    @door.route("GET", "/clock", "clock.get")
    async def get(_call: Call) -> Response:
        return shown()

    @door.route("POST", "/clock/freeze", "clock.freeze", everywhere=True)
    async def freeze(_call: Call) -> Response:
        await clock.freeze()
        return shown()

    @door.route("POST", "/clock/unfreeze", "clock.unfreeze", everywhere=True)
    async def unfreeze(_call: Call) -> Response:
        await clock.unfreeze()
        return shown()

    @door.route("POST", "/clock/advance", "clock.advance", everywhere=True)
    async def advance(_call: Call, body: Advance) -> Response:
        if body.by is not None and body.to is None:
            return shown(await clock.advance_by(body.by))
        if body.to is not None and body.by is None:
            return shown(await clock.advance_to(body.to))
        raise ParameterInvalid(description='Say either {"by": a duration such as "P29D"} or {"to": a time}.', field="/by")
