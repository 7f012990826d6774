"""Writes observability/dashboards/*.json: `python -m tools.dashboards`."""

from __future__ import annotations

import json
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from tools.dashboards.changes import rollout, scaling
from tools.dashboards.payments import checkout, money
from tools.dashboards.traffic import platform, service

FOLDER = Path(__file__).resolve().parents[2] / "observability" / "dashboards"
ALL = {"platform": platform, "service": service, "rollout": rollout, "scaling": scaling, "money": money, "checkout": checkout}


def text_of(name: str) -> str:
    return json.dumps(ALL[name](), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"


def main() -> None:
    for name in ALL:
        (FOLDER / f"{name}.json").write_text(text_of(name))


if __name__ == "__main__":
    main()
