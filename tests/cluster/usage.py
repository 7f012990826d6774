"""What pods use, as each node's kubelet measures it: CPU between two looks, by the times of the measurements themselves, and memory."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.cluster.kube import NAMESPACE, Kube

MIB = 2**20
# By labels of their pods: the parts that both modes share, and the broker and the database that services need besides.
_PARTS = {"farthing-dev": "", "farthing-gateway": "gateway"}


@dataclass(frozen=True, slots=True)
class Sample:
    """CPU seconds since the pod's start, when they were counted (s), and the working set in bytes."""

    cpu: float
    at: float
    memory: int


Look = Mapping[str, Sample]  # by pod


@dataclass(frozen=True, slots=True)
class Used:
    """`cores`: CPU seconds per second, `memory`: MiB at the end."""

    cores: float
    memory: float


def look(kube: Kube) -> Look:
    """Every pod of the namespace. Raises CommandFailed."""
    nodes = [node["metadata"]["name"] for node in kube.get("nodes")["items"]]
    summaries = [json.loads(kube.ctl("get", "--raw", f"/api/v1/nodes/{node}/proxy/stats/summary", timeout=30)) for node in nodes]
    return samples(summaries)


def samples(summaries: Iterable[Any], namespace: str = NAMESPACE) -> Look:
    """Those of a namespace; a pod that is too young to have been measured is left out."""
    return {
        pod["podRef"]["name"]: Sample(
            pod["cpu"]["usageCoreNanoSeconds"] / 1e9,
            datetime.fromisoformat(pod["cpu"]["time"]).timestamp(),
            pod["memory"]["workingSetBytes"],
        )
        for summary in summaries
        for pod in summary["pods"]
        if pod["podRef"]["namespace"] == namespace
        and "usageCoreNanoSeconds" in pod.get("cpu", {})
        and "workingSetBytes" in pod.get("memory", {})
    }


def parts(kube: Kube) -> dict[str, str]:
    """By pod, what it is part of: a service, `embedded`, `postgresql`, `nats` or `gateway`; what sees the platform is left out."""
    found = {}
    for pod in kube.get("pods")["items"]:
        labels = pod["metadata"].get("labels", {})
        name = labels.get("app.kubernetes.io/name")
        if name == "farthing" or name in _PARTS:
            found[pod["metadata"]["name"]] = _PARTS.get(name) or labels["app.kubernetes.io/component"]
    return found


def between(before: Look, after: Look, part_of: Mapping[str, str]) -> dict[str, Used]:
    """By part, summed over its pods that are in both looks."""
    cores: dict[str, float] = defaultdict(float)
    memory: dict[str, float] = defaultdict(float)
    for pod in part_of.keys() & before.keys() & after.keys():
        seconds = after[pod].at - before[pod].at
        cores[part_of[pod]] += (after[pod].cpu - before[pod].cpu) / seconds if seconds > 0 else 0.0
        memory[part_of[pod]] += after[pod].memory / MIB
    return {part: Used(cores[part], memory[part]) for part in sorted(memory)}


def memory_of(pods: Iterable[str], seen: Look) -> float:
    """MiB."""
    return sum(seen[pod].memory for pod in pods if pod in seen) / MIB
