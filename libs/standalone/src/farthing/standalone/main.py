"""The commands of a service's process: `python -m farthing.<name> [serve|migrate]`, and what a service has beyond these."""

from __future__ import annotations

import sys
from types import MappingProxyType
from typing import TYPE_CHECKING

import uvloop

from farthing.kit.errors import ApiError
from farthing.standalone.settings import Needs, ProcessSettings, read_environment

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence

    from farthing.kit.manifest import Manifest
    from farthing.kit.service import Build
    from farthing.standalone.calls import Command

_WRONG = 2
_FAILED = 1


def run(
    manifest: Manifest,
    build: Build,
    *,
    sandbox_needs: Sequence[str] = (),
    self_contained: bool = False,
    commands: Mapping[str, Command] = MappingProxyType({}),
) -> None:
    """Serve until SIGTERM, or migrate and end, or do one of the service's own commands. What is wrong is one line on standard error.

    Exit code 2: a wrong command or setting; 1: it could not be done now. `sandbox_needs`: settings without which the sandbox would be open.
    `self_contained`: it has neither database nor routes that a token of the platform opens.
    """
    try:
        uvloop.run(_chosen(manifest, build, Needs(tuple(sandbox_needs), self_contained), commands, sys.argv[1:]))
    except ValueError as error:
        _end(manifest, str(error), _WRONG)
    except ApiError as error:
        _end(manifest, "; ".join(f"{one.issue}: {one.description}" for one in error.details) or str(error), _FAILED)


def _chosen(
    manifest: Manifest, build: Build, needs: Needs, commands: Mapping[str, Command], arguments: Sequence[str]
) -> Coroutine[None, None, None]:
    environment = read_environment()
    if arguments and arguments[0] in commands:
        from farthing.standalone.calls import do  # noqa: PLC0415 - nor does it what is done once

        return do(commands[arguments[0]], ProcessSettings.of(manifest, environment, needs), arguments[1:])
    if arguments == ["migrate"] and not needs.self_contained:
        from farthing.standalone.migration import bring_up_to_date  # noqa: PLC0415 - a serving process never migrates

        return bring_up_to_date(manifest, environment)
    if list(arguments) not in ([], ["serve"]):
        known = ["serve", *(() if needs.self_contained else ("migrate",)), *commands]
        message = f"{' '.join(arguments)!r} is no command: use {' or '.join(known)}"
        raise ValueError(message)
    from farthing.standalone.process import serve  # noqa: PLC0415 - and a migration does not serve

    return serve(build, ProcessSettings.of(manifest, environment, needs))


def _end(manifest: Manifest, text: str, code: int) -> None:
    sys.stderr.write(f"{manifest.name}: {text}\n")
    sys.exit(code)
