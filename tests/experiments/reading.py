"""Simplicity: what a reader needs to know for one change in `webhooks`, in files, lines and imports, against the whole."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.experiments.experiment import Experiment
from tests.experiments.section import Found, Say, Section, Table, percent, text
from tests.needs import ROOT

SERVICE = "webhooks"
NEAR = 1.1  # times; what differs by less is no difference to a reader
_SOURCES = ("libs/*/src", "services/*/src", "services/*/client/src", "embedded/src")
_BESIDE = "farthing.observer"  # a service that exists on a cluster only, in neither way part of the platform


@dataclass(frozen=True, slots=True)
class Module:
    """`imports`: modules of ours that it names. `statements`: its import statements, whatever they name."""

    lines: int
    imports: frozenset[str]
    statements: int


def modules(root: Path = ROOT) -> dict[str, Module]:
    """Every module of the product by its name."""
    files = {
        _name(path, source): path
        for pattern in _SOURCES
        for source in root.glob(pattern)
        for path in source.rglob("*.py")
        if not _name(path, source).startswith(_BESIDE)
    }
    return {name: _module(path.read_text("utf-8"), files) for name, path in files.items()}


def _name(path: Path, source: Path) -> str:
    parts = path.relative_to(source).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _module(text: str, known: Iterable[str]) -> Module:
    found: set[str] = set()
    statements = 0
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            statements += not (isinstance(node, ast.ImportFrom) and node.module == "__future__")
            found |= set(_named(node))
    return Module(len(text.splitlines()), frozenset(found & set(known)), statements)


def _named(node: ast.Import | ast.ImportFrom) -> Iterable[str]:
    """`from a import b` may name the module a.b, and always a."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]


def closure(start: Iterable[str], known: Mapping[str, Module]) -> set[str]:
    """The modules of `start` and all that they import, directly or not."""
    found: set[str] = set()
    waiting = [name for name in start if name in known]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += known[name].imports
    return found


def levels(known: Mapping[str, Module], service: str = SERVICE) -> dict[str, set[str]]:
    """What one may want to read, each containing the one before."""
    own = {name for name in known if f"{name}.".startswith((f"farthing.{service}.", f"farthing.clients.{service}."))}
    named = own | {other for name in own for other in known[name].imports}
    inside = {name for name in own if not name.endswith("__main__")}
    return {
        f"{service} and its client": own,
        "and the modules that they name": named,
        "and all that these need, in one process": closure(inside, known),
        "and all that these need, as a service of its own": closure(own, known),
        "the whole": set(known),
    }


def measure(say: Say) -> Found:
    known = modules()
    say(f"{len(known)} modules")
    rows = [
        {
            "what": what,
            "files": len(names),
            "lines": sum(known[name].lines for name in names),
            "imports": sum(known[name].statements for name in names),
        }
        for what, names in levels(known).items()
    ]
    one = _lines("charts/farthing/templates/embedded.yaml")
    templates = _lines("charts/farthing/templates/**/*")
    beside = {"one process": _lines("embedded/src/**/*.py") + one, "services": templates - one}
    return {"rows": rows, "beside": beside}


def _lines(pattern: str) -> int:
    return sum(len(path.read_text("utf-8").splitlines()) for path in ROOT.glob(pattern) if path.is_file())


def tell(found: Found) -> Section:
    rows = found["rows"]
    whole = rows[-1]["lines"]
    table = Table(
        ("to read", "files", "lines", "import statements", "of all lines"),
        [(row["what"], row["files"], row["lines"], row["imports"], percent(row["lines"], whole)) for row in rows],
    )
    return Section(
        _verdict(found),
        [
            text(
                f"What somebody has to know for a change in `{SERVICE}`. It is the same code both ways; understanding one part alone",
                "comes from boundaries that are checked (import-linter), and these need no process each.",
            ),
            table,
            text(
                "As a service of its own it brings its server, settings and broker (`libs/standalone`), which are counted above.",
                f"Who wants to know how it is run, too, reads {found['beside']['one process']:,} lines of `embedded` for the one",
                "process (the composition, the command line, PostgreSQL, its part of the chart), or",
                f"{found['beside']['services']:,} lines of the chart's templates for services; Kubernetes, the broker and the database",
                "server are not counted.",
            ),
        ],
    )


def _verdict(found: Found) -> str:
    own, _, together, alone, whole = (row["lines"] for row in found["rows"])
    ways = {"the one process": together + found["beside"]["one process"], "services": alone + found["beside"]["services"]}
    near = max(ways.values()) < NEAR * min(ways.values())
    whom = "A draw" if near else f"For {min(ways, key=lambda way: ways[way])}"
    return text(
        f"{whom}: {SERVICE} is {percent(own, whole)} of the lines both ways; with everything that it imports and what starts it, it is",
        f"{ways['the one process']:,} lines in one process and {ways['services']:,} as a service of its own.",
    )


EXPERIMENT = Experiment("reading", "Simplicity: one part can be understood alone", measure, tell, minutes=1)
