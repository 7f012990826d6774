"""The history of the repository as a list of changes: which services and which shared code each commit touched."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.experiments.experiment import git
from tests.needs import ROOT

FEWEST = 50  # commits; fewer prove nothing
_RELEASED = "RELEASED"
_SERVICE = re.compile(r"services/([a-z_]+)/")
_SHARED = re.compile(r"(libs|embedded)/")
_CODE = re.compile(r"/(src|client|tests|migrations)/")


@dataclass(frozen=True, slots=True)
class Change:
    """A commit: the services whose code or tests it touched (a service's client is part of it), and whether also code that all share."""

    commit: str
    services: frozenset[str]
    shared: bool


def begin(root: Path = ROOT) -> str:
    """The commit at which the first checkout was complete: the first one that was released.

    RELEASED holds the commit of the previous release; its first content, in the commit that added it, is the first release. Raises
    ValueError for a history that does not reach back so far.
    """
    if git("rev-parse", "--is-shallow-repository", root=root) == "true":
        raise ValueError("this clone has only a part of the history: git fetch --unshallow")
    added = git("log", "--diff-filter=A", "--format=%H", "--reverse", "--", _RELEASED, root=root).split()
    if not added:
        raise ValueError(f"no commit of this history adds {_RELEASED}: clone with the whole history")
    return git("show", f"{added[0]}:{_RELEASED}", root=root)


def changes(root: Path = ROOT) -> list[Change]:
    """After the first checkout was complete, the oldest first; merges bring nothing of their own."""
    log = git("log", "--no-merges", "--reverse", "--name-only", "--format=%x00%H", f"{begin(root)}..HEAD", root=root)
    return parse(log)


def parse(log: str) -> list[Change]:
    """What `git log --name-only --format=%x00%H` prints."""
    found = []
    for entry in log.split("\0")[1:]:
        commit, _, names = entry.partition("\n")
        found.append(_change(commit, names.split()))
    return found


def _change(commit: str, paths: Iterable[str]) -> Change:
    code = [path for path in paths if _CODE.search(path)]
    services = frozenset(match[1] for path in code if (match := _SERVICE.match(path)))
    return Change(commit[:12], services, shared=any(_SHARED.match(path) for path in code))
