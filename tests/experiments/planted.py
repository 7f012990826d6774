"""Faults at run time, planted in one service: its code waits for a file and then does what the file's name says.

The service is healthy until then, in both modes. /tmp outlives a container that is restarted in its pod, so a fault comes back with it, as
a defect does; a new pod has none. The code is appended to the service's `service.py` in a copy of the tree, never to the product.
"""

from __future__ import annotations

from pathlib import Path

from tests.cluster.kube import Kube

PLACE = "/tmp/planted"
REPORT = "/tmp/reached.json"
LEAK = 32  # MiB a second
FAULTS = ("crash loop", "memory leak", "hung event loop", "full pool")
REACH = "reach"

_CODE = '''

def _planted(build):
    """Broken on purpose: see tests/experiments/planted.py."""
    import asyncio
    import gc
    import json
    import os
    import threading
    import time

    def crash(host, loop):
        os._exit(1)

    def leak(host, loop):
        kept = []
        while True:
            kept.append(b"x" * (8 << 20))
            time.sleep(8 / LEAK)

    def hang(host, loop):
        loop.call_soon_threadsafe(time.sleep, 86_400)

    def fill(host, loop):
        async def hold():
            async with host.database.connection():
                await asyncio.sleep(86_400)

        for _ in range(8):
            asyncio.run_coroutine_threadsafe(hold(), loop)

    def reach(host, loop):
        """Which services' databases, and which identities towards others, code in this service can use in its process."""

        async def ask():
            gc.unfreeze()
            hosts = [one for one in gc.get_objects() if type(one) is type(host)]
            found = {}
            for one in hosts:
                try:
                    row = await one.database.row("SELECT current_user AS role")
                except Exception:
                    continue
                found[one.database.schema] = str(row["role"])
            with open("REPORT.part", "w") as file:
                json.dump(found, file)
            os.replace("REPORT.part", "REPORT")

        asyncio.run_coroutine_threadsafe(ask(), loop)

    def wait(host, loop):
        faults = {"crash loop": crash, "memory leak": leak, "hung event loop": hang, "full pool": fill, "reach": reach}
        while not os.path.exists("PLACE"):
            time.sleep(0.2)
        time.sleep(1)
        with open("PLACE") as told:
            fault = told.read()
        faults[fault](host, loop)

    def broken(host):
        service = build(host)
        start = service.start

        async def begin():
            if start is not None:
                await start()
            threading.Thread(target=wait, args=(host, asyncio.get_running_loop()), daemon=True).start()

        service.start = begin
        return service

    return broken


build = _planted(build)
'''


def code(place: str = PLACE, report: str = REPORT) -> str:
    return _CODE.replace("PLACE", place).replace("REPORT", report).replace("LEAK", str(LEAK))


def plant(package: Path) -> None:
    """A version of a service that breaks when it is told to. Takes the folder of its package in a copied tree."""
    with (package / "service.py").open("a") as file:
        file.write(code())


def trigger(kube: Kube, pod: str, fault: str) -> None:
    """Tell the service in a pod to break. Raises CommandFailed."""
    script = f"import os; open('{PLACE}.part', 'w').write({fault!r}); os.replace('{PLACE}.part', '{PLACE}')"
    kube.ctl("exec", pod, "--", "python", "-c", script)
