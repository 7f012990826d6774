"""`make cluster`, as far as it needs no cluster."""

from __future__ import annotations

from typing import Any

from tools.cluster import waiting


def pod(name: str, *states: dict[str, Any], initial: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    def told(given: tuple[dict[str, Any], ...]) -> list[dict[str, Any]]:
        return [{"name": "one", "image": f"farthing/{name}:1", "state": state} for state in given]

    return {"metadata": {"name": name}, "status": {"initContainerStatuses": told(initial), "containerStatuses": told(states)}}


def test_who_waits_for_what_is_told_with_its_image() -> None:
    pods = [
        pod("orders", {"running": {}}),
        pod("payments", {"waiting": {"reason": "PodInitializing"}}, initial=({"waiting": {"reason": "CrashLoopBackOff"}},)),
        pod("grafana", {"waiting": {"reason": "ImagePullBackOff"}}),
        {"metadata": {"name": "pending"}, "status": {"phase": "Pending"}},
    ]
    assert waiting(pods) == ["payments: CrashLoopBackOff (farthing/payments:1)", "grafana: ImagePullBackOff (farthing/grafana:1)"]
