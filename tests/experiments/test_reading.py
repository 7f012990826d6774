"""What a reader needs, in trees that were made for it."""

from __future__ import annotations

from pathlib import Path

from tests.experiments import reading, suites
from tests.experiments.reading import closure, levels, modules

TREE = {
    "libs/kit/src/farthing/kit/__init__.py": "",
    "libs/kit/src/farthing/kit/rpc.py": "from __future__ import annotations\nimport farthing.kit.wire\n",
    "libs/kit/src/farthing/kit/wire.py": "X = 1\nY = 2\n",
    "libs/kit/src/farthing/kit/other.py": "X = 1\n" * 100,
    "libs/standalone/src/farthing/standalone/main.py": "import os\n",
    "services/webhooks/src/farthing/webhooks/__main__.py": "from farthing.standalone.main import run\n",
    "services/webhooks/src/farthing/webhooks/service.py": (
        "from farthing.clients.orders import models\nfrom farthing.kit.rpc import Link\nimport json\n"
    ),
    "services/webhooks/client/src/farthing/clients/webhooks/models.py": "",
    "services/orders/client/src/farthing/clients/orders/models.py": "from farthing.kit import wire\n",
    "services/orders/src/farthing/orders/service.py": "X = 1\n" * 50,
    "services/webhooksother/src/farthing/webhooksother/service.py": "X = 1\n",
    "services/observer/src/farthing/observer/service.py": "X = 1\n",
    "embedded/src/farthing/embedded/platform.py": "from farthing.webhooks import service\n",
}


KIT = {"farthing.kit", "farthing.kit.rpc", "farthing.kit.wire"}  # what webhooks needs of it; a package is a module, too


def planted(folder: Path) -> Path:
    for name, content in TREE.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return folder


def test_modules_are_named_and_their_imports_of_ours_are_found(tmp_path: Path) -> None:
    found = modules(planted(tmp_path))
    assert len(found) == len(TREE) - 1, "observer is no part of the platform"
    assert found["farthing.kit.rpc"].imports == {"farthing.kit.wire"}
    assert found["farthing.webhooks.service"].imports == {"farthing.clients.orders.models", "farthing.kit.rpc"}
    assert (found["farthing.webhooks.service"].statements, found["farthing.kit.rpc"].statements) == (3, 1)
    assert found["farthing.kit.wire"].lines == 2


def test_each_level_contains_the_one_before_and_the_whole_is_all(tmp_path: Path) -> None:
    known = modules(planted(tmp_path))
    own, named, together, alone, whole = levels(known).values()
    assert own == {"farthing.webhooks.__main__", "farthing.webhooks.service", "farthing.clients.webhooks.models"}
    assert named - own == {"farthing.standalone.main", "farthing.clients.orders.models", "farthing.kit.rpc"}
    assert together == own - {"farthing.webhooks.__main__"} | {"farthing.clients.orders.models", *KIT}
    assert alone == together | own | {"farthing.standalone.main"}
    assert whole == set(known)


def test_a_circle_of_imports_ends(tmp_path: Path) -> None:
    one, other = (reading.Module(1, frozenset({name}), 1) for name in ("b", "a"))
    assert closure(["a"], {"a": one, "b": other}) == {"a", "b"}


def test_the_tree_at_hand_is_read() -> None:
    found = reading.measure(lambda _: None)
    lines = [row["lines"] for row in found["rows"]]
    assert 1000 < lines[0] < lines[1] < lines[2] < lines[3] < lines[4]
    assert min(found["beside"].values()) > 500
    one, services = lines[2] + found["beside"]["one process"], lines[3] + found["beside"]["services"]
    assert f"{one:,} lines in one process and {services:,} as a service" in reading.tell(found).verdict


def test_who_reads_less_wins_and_a_little_is_nothing() -> None:
    def verdict(embedded: int, chart: int) -> str:
        rows = [{"what": "", "files": 1, "lines": lines, "imports": 1} for lines in (100, 200, 1000, 1500, 9000)]
        return reading.tell({"rows": rows, "beside": {"one process": embedded, "services": chart}}).verdict

    assert verdict(1500, 1100).startswith("A draw: webhooks is 1 %")
    assert verdict(3000, 1000).startswith("For services")
    assert verdict(500, 1000).startswith("For the one process")


def test_a_report_of_tests_is_counted() -> None:
    text = '<testsuites><testsuite name="pytest" errors="1" failures="2" skipped="3" tests="20" time="1"></testsuite></testsuites>'
    assert suites.counts(text) == (17, 3)
