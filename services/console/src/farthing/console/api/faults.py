"""/_farthing/faults"""

from __future__ import annotations

from farthing.console.api.door import Door
from farthing.console.api.models import PlantFault
from farthing.console.operations.faults import FaultRules, NewFault
from farthing.kit.call import NO_CONTENT, Call, Response, json_response


def declare(door: Door, faults: FaultRules) -> None:
    @door.route("GET", "/faults", "faults.list")
    async def rules(_call: Call) -> Response:
        return json_response({"faults": await faults.rules()})

    @door.route("POST", "/faults", "faults.plant", everywhere=True)
    async def plant(_call: Call, body: PlantFault) -> Response:
        return json_response(await faults.plant(NewFault(**body.model_dump())), 201)

    @door.route("DELETE", "/faults", "faults.clear", everywhere=True)
    async def clear(_call: Call) -> Response:
        await faults.clear()
        return NO_CONTENT

    @door.route("DELETE", "/faults/{fault_id}", "faults.remove", everywhere=True)
    async def remove(_call: Call, fault_id: str) -> Response:
        await faults.remove(fault_id)
        return NO_CONTENT
