"""Ports for processes that have to be told where to listen."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import socket
from collections.abc import Iterator

_FIRST, _EACH, _WORKERS = 15_000, 5_000, 3  # all below 32,768, from where on the system gives ports to connections and to who asks for any


def _of_this_worker() -> Iterator[int]:
    """One after the other and round again, from a random one on: somebody else may run the tests on the same machine."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
    start = random.randrange(_EACH)
    return (_FIRST + worker * _EACH + (start + number) % _EACH for number in itertools.count())


_ports = _of_this_worker()


def free_ports(count: int) -> list[int]:
    """Nobody takes one between now and the process's start, and none is given twice as long as there are others."""
    found: list[int] = []
    while len(found) < count:
        port = next(_ports)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            found.append(port)
    return found
