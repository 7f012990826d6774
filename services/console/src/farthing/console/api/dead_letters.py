"""/_farthing/dead-letters"""

from __future__ import annotations

from farthing.console.api.door import Door
from farthing.console.operations.dead_letters import DeadLetters
from farthing.kit.call import NO_CONTENT, Call, Response, json_response


def declare(door: Door, letters: DeadLetters) -> None:
    @door.route("GET", "/dead-letters", "dead-letters.list")
    async def listed(_call: Call) -> Response:
        return json_response({"dead_letters": [{"service": name, **letter.model_dump()} for name, letter in await letters.all()]})

    @door.route("POST", "/dead-letters/{service}/{number}/replay", "dead-letters.replay")
    async def replay(_call: Call, service: str, number: str) -> Response:
        await letters.settle(service, number, "replay")
        return NO_CONTENT

    @door.route("DELETE", "/dead-letters/{service}/{number}", "dead-letters.drop")
    async def drop(_call: Call, service: str, number: str) -> Response:
        await letters.settle(service, number, "drop")
        return NO_CONTENT
