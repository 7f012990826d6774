"""What a runbook tells somebody to do can be done: links lead somewhere, commands name what is there, queries what is emitted."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

import pytest
import yaml

from farthing.embedded.services import MANIFESTS
from farthing.kit.manifest import callers_of
from tests.charts.documents import Objects, read_values
from tests.charts.renders import RENDERS
from tests.needs import ROOT
from tests.observability.rules_files import OBSERVABILITY, rules
from tools.telemetry import schema

PAGES: Final = [OBSERVABILITY / "README.md", *sorted((OBSERVABILITY / "runbooks").glob("*.md"))]
GUIDES: Final = sorted((ROOT / "docs/guides").glob("*.md"))
CHARTS: Final = ("farthing", "farthing-dev", "observability")
OTHERS: Final = {"traefik_service_requests_total"}  # of the gateway
_BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE: Final = re.compile(r"`([^`\n]+)`")
_NAME: Final = re.compile(r"(?<![\w:.$-])((?:http_server|db_client|farthing|process|container|kube|traefik|slo)[_:][a-z0-9_:]+)(?![\w(])")

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def blocks(page: Path, language: str) -> list[str]:
    return [text for kind, text in _BLOCK.findall(page.read_text()) if kind == language]


def inline(page: Path) -> list[str]:
    """What stands between backticks in the text."""
    return _INLINE.findall(_BLOCK.sub("", page.read_text()))


def commands(page: Path) -> str:
    """In blocks and in the text."""
    return "\n".join([*blocks(page, "sh"), *(word for word in inline(page) if word.startswith(("kubectl ", "helm ")))])


@cache
def deployed() -> Objects:
    return Objects("\n---\n".join(one.golden.read_text() for one in RENDERS if one.name in {"split", "development-parts", "observability"}))


def anchors(page: Path) -> set[str]:
    """As GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@every_page
def test_its_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve()
        assert path.is_file(), target
        assert not anchor or anchor in anchors(path), target


@every_page
def test_its_commands_name_objects_that_are_there(page: Path) -> None:
    text = commands(page)
    named = re.findall(r"(deployment|service|secret|create token)[/ ](farthing-[a-z-]+)", text)
    kinds = {"deployment": "Deployment", "service": "Service", "create token": "ServiceAccount"}
    secrets = {one["secretKeyRef"]["name"] for one in _find(deployed().all, "secretKeyRef")}
    for kind, name in named:
        assert name in (secrets if kind == "secret" else deployed().of(kinds[kind])), f"{kind} {name}"
    components = {labels["app.kubernetes.io/component"] for labels in _labels()}
    assert set(re.findall(r"app\.kubernetes\.io/component=([a-z-]+)", text)) <= components
    assert all("-n farthing" in line for line in text.splitlines() if "kubectl" in line and "describe node" not in line), text


@pytest.mark.parametrize("page", [*PAGES, *GUIDES], ids=lambda page: page.stem)
def test_its_commands_bear_what_is_usual(page: Path) -> None:
    """One container without a log ends `kubectl logs` of several; `migrate` has no previous run; a port is forwarded after a moment."""
    for line in commands(page).splitlines():
        if " logs " in line:
            assert not {"--all-containers", "--previous"} <= set(line.split()), line
            assert " -l " not in line or "--ignore-errors" in line, line
    for block in blocks(page, "sh"):
        after = block.partition(" port-forward ")[2].splitlines()
        first = next((line for line in after if "curl" in line), "--retry-connrefused")
        assert "--retry-connrefused" in first or first.startswith("until curl "), first


def _find(found: object, key: str) -> list[dict[str, dict[str, str]]]:
    if isinstance(found, list):
        return [one for part in found for one in _find(part, key)]
    if isinstance(found, dict):
        return ([found] if key in found else []) + [one for part in found.values() for one in _find(part, key)]
    return []


def _labels() -> list[dict[str, str]]:
    return [one["spec"]["template"]["metadata"]["labels"] for one in deployed().all if one["kind"] in {"Deployment", "StatefulSet"}]


@every_page
def test_whom_console_s_account_asks_for_admits_console(page: Path) -> None:
    for callee in re.findall(r"--audience ([a-z]+)", commands(page)):
        assert "console" in callers_of(callee, MANIFESTS)


@every_page
def test_paths_of_the_platform_are_routes(page: Path) -> None:
    own = [*ROOT.glob("services/*/src/farthing/*/api/**/*.py"), *ROOT.glob("services/*/src/farthing/*/api.py")]
    declared = "\n".join(path.read_text() for path in [*own, ROOT / "libs/kit/src/farthing/kit/service.py"])
    routes = [re.sub(r"{\w+}", "[^/]+", path) for path in re.findall(r'"(/[a-z0-9{}/_.-]+)"', declared)]
    for path in re.findall(r"(?:/_farthing|/internal/v1)(/[a-z0-9/-]+)", page.read_text()):
        assert any(re.fullmatch(route, path) for route in routes), path


@every_page
def test_its_queries_name_what_is_emitted(page: Path) -> None:
    known = {rule["record"] for rule in rules() if "record" in rule} | OTHERS
    for name, metric in schema()["metrics"].items():
        known |= {f"{name}_bucket", f"{name}_count", f"{name}_sum"} if metric["kind"] == "histogram" else {name}
    text = "\n".join([*blocks(page, "promql"), *(word for word in inline(page) if "/" not in word)])
    assert set(_NAME.findall(text)) - known == set()


@every_page
def test_values_that_it_names_are_the_charts_own(page: Path) -> None:
    values = [read_values(ROOT / "charts" / chart / "values.yaml") for chart in CHARTS]
    for word in inline(page):
        if re.fullmatch(r"[a-z]+(?:\.[a-zA-Z<>]+)+", word) and not word.endswith(".md") and word not in schema()["logs"]:
            own = word.replace("services.<name>.", "defaults.").split(".")
            assert any(_has(one, own) for one in values), word


def _has(values: object, path: list[str]) -> bool:
    return not path or (isinstance(values, dict) and path[0] in values and _has(values[path[0]], path[1:]))


@pytest.mark.needs_promtool
def test_every_query_parses(promtool: Path, tmp_path: Path) -> None:
    queries = [text.strip() for page in PAGES for text in blocks(page, "promql")]
    assert len(queries) >= 4
    found = [{"record": f"runbook:query:{number}", "expr": query} for number, query in enumerate(queries)]
    path = tmp_path / "queries.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "runbooks", "rules": found}]}))
    done = subprocess.run([promtool, "check", "rules", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
