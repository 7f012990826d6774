"""The rules of observability/ as they stand in their files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from tests.needs import ROOT

OBSERVABILITY: Final = ROOT / "observability"
RULES: Final = sorted([*OBSERVABILITY.glob("slo/*.yaml"), *OBSERVABILITY.glob("alerts/*.yaml")])
UNIT_TESTS: Final = sorted((Path(__file__).parent / "rules").glob("*.yaml"))


def rules() -> list[dict[str, Any]]:
    """Every rule, recording and alerting."""
    return [rule for path in RULES for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]


def alerts() -> dict[str, dict[str, Any]]:
    """By name."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def slos() -> list[str]:
    """Those with a budget of errors."""
    return [rule["labels"]["slo"] for rule in rules() if rule.get("record") == "slo:error_budget:ratio"]
