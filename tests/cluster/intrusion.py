"""Somebody in the pod of a service: what `intruder.py` finds there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.cluster.kube import NAMESPACE, RELEASE, Kube

_SCRIPT = Path(__file__).parent / "intruder.py"


def intrude(kube: Kube, service: str) -> Any:
    """What the script could do from inside the service's pod. Raises CommandFailed."""
    command = ("exec", "--stdin", f"deployment/{RELEASE}-{service}", "--container", service, "--", "python", "-", RELEASE, NAMESPACE)
    return json.loads(kube.ctl(*command, given=_SCRIPT.read_text("utf-8")).splitlines()[-1])
