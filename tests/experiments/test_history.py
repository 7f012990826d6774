"""What changed together, in histories that were made for it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.experiments import cochange, history
from tests.experiments.experiment import measured_commit

WEBHOOKS, ORDERS = "services/webhooks/src/farthing/webhooks/api.py", "services/orders/client/src/farthing/clients/orders/client.py"
KIT, README = "libs/kit/src/farthing/kit/rpc.py", "services/orders/README.md"


class Repository:
    """A git repository in a folder; each commit writes the files that are named."""

    def __init__(self, root: Path) -> None:
        self.root, self._count = root, 0
        self.git("init", "--quiet", "--initial-branch", "main")

    def git(self, *words: str) -> str:
        who = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "PATH": os.environ["PATH"]}
        who |= {f"GIT_{one}_{what}": "test@example.com" for one in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        return subprocess.run(["git", *words], cwd=self.root, env=who, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, *names: str, content: str = "") -> str:
        self._count += 1
        for name in names:
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(content or str(self._count))
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "a change of services/ledger/src/x.py")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path)
    made.commit(WEBHOOKS, ORDERS, KIT)
    complete = made.commit(KIT)
    made.commit("RELEASED", content=complete + "\n")
    return made


def test_what_came_before_the_first_release_does_not_count(repository: Repository) -> None:
    first = history.begin(repository.root)
    repository.commit(WEBHOOKS, README)
    both = repository.commit(WEBHOOKS, ORDERS, KIT)
    repository.commit("RELEASED", content=both + "\n")  # a later release moves nothing
    assert history.begin(repository.root) == first
    found = history.changes(repository.root)
    assert [(sorted(change.services), change.shared) for change in found] == [
        ([], False),
        (["webhooks"], False),
        (["orders", "webhooks"], True),
        ([], False),
    ]
    assert found[2].commit == both[:12]


def test_a_merge_brings_nothing_of_its_own(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "side")
    repository.commit(WEBHOOKS)
    repository.git("checkout", "--quiet", "main")
    repository.commit(ORDERS)
    repository.git("merge", "--quiet", "--no-ff", "side")
    found = [sorted(change.services) for change in history.changes(repository.root)]
    assert sorted(found) == [[], ["orders"], ["webhooks"]]


def test_a_history_without_a_release_says_what_it_needs(tmp_path: Path) -> None:
    bare = Repository(tmp_path)
    bare.commit(KIT)
    with pytest.raises(ValueError, match="clone with the whole history"):
        history.begin(tmp_path)


def test_a_part_of_the_history_is_not_counted(repository: Repository, tmp_path: Path) -> None:
    for _ in range(3):
        repository.commit(WEBHOOKS)
    repository.git("clone", "--quiet", "--depth", "2", f"file://{tmp_path}", "part")
    with pytest.raises(ValueError, match="git fetch --unshallow"):
        history.begin(tmp_path / "part")


def test_only_what_is_measured_makes_a_commit_another_one(repository: Repository, tmp_path: Path) -> None:
    commit = repository.git("rev-parse", "--short=12", "HEAD")
    page = tmp_path / "docs" / "experiments.md"
    page.parent.mkdir()
    page.write_text("measured")
    assert measured_commit(tmp_path) == commit
    (tmp_path / KIT).write_text("another line")
    assert measured_commit(tmp_path) == f"{commit}+"


def test_pairs_are_counted_on_both_sides() -> None:
    changes = [history.Change("c", frozenset(names), shared=False) for names in ({"a"}, {"a", "b"}, {"a", "b", "c"}, {"x"})]
    assert cochange.matrix(changes, ["a", "b", "c"]) == [[3, 2, 1], [2, 2, 1], [1, 1, 1]]


def told(touched: dict[str, int], unshared: int) -> str:
    found = {"begin": "abc", "commits": 400, "names": ["a", "b"], "matrix": [[4, 2], [2, 2]], "touched": touched, "with_shared": 1}
    found["alone_unshared"] = unshared
    section = cochange.tell(found)
    assert "| a, b | 2 | 100 % |" in section.markdown()
    return section.verdict


def test_few_commits_prove_nothing() -> None:
    assert told({"1": 40, "2": 9}, 30).startswith("It proves nothing yet")
    assert told({"1": 40, "2": 10}, 30) == (
        "For services: 80 % of the 50 commits that changed a service changed one only, 60 % without what all share."
    )
    assert told({"1": 20, "2": 40}, 20).startswith("For the one process: 33 %")
    assert told({"1": 40, "2": 10}, 20).startswith("For the one process: 80 %")
