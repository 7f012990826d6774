"""The page: what is said of which figures, and that the one in the repository is what its data say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cluster.blast import NEEDS
from tests.experiments import price
from tests.experiments.__main__ import EXPERIMENTS, PAGE, chosen
from tests.experiments.document import write
from tests.experiments.experiment import keep, kept
from tests.experiments.plots import file_of
from tests.experiments.section import Bars, Heat, Section, Table, percent, shown, times
from tests.needs import ROOT

FIGURES: dict[str, Any] = {"requests": 900, "checkouts": 200, "finished": 200, "longest_gap_s": 0.2, "problems": []}
CIRCUMSTANCES = {
    "date": "2026-01-02",
    "commit": "abc+",
    "processors": 2,
    "yardstick": {"sign_us": 226.5, "count_us": 2.5, "verify_us": 92.0},
    "stolen": 0.024,
}


def update(mode: str, service: str, failed: int, **more: Any) -> dict[str, Any]:
    made = {"building_s": 4.0, "bringing_s": 9.0, "seconds": 12.0, "memory_mib": 50 if mode == "split" else 300, "all_memory_mib": 520}
    return {"mode": mode, "service": service, "failed": failed, **made, **FIGURES, **more}


def fault(mode: str, service: str, how: str, good: int) -> dict[str, Any]:
    by = {"tried": 80, "good": good, "never_failed": ["token"], "by_operation": {"token": 1.0}}
    return {"mode": mode, "service": service, "fault": how, "restarts": 3, "healed_s": 12.3, "failed": 5, **by, **FIGURES}


def cost(mode: str, cores: float, memory: float, **more: Any) -> dict[str, Any]:
    part = {"orders": {"cores": cores, "memory": memory}, "gateway": {"cores": 0.1, "memory": 40.0}}
    if mode == "embedded":  # runs beside it for the other mode
        part |= {"postgresql": {"cores": 0.01, "memory": 110.0}, "nats": {"cores": 0.01, "memory": 30.0}}
    times_of = {"p50_ms": 40.0, "p99_ms": 90.0, "per_second": 80.0, "most_p50_ms": 300.0, "most_p99_ms": 600.0}
    return {"mode": mode, "pods": 1, "idle": part, "busy": part, "full": part, "failed": 0, **times_of, **FIGURES, **more}


HOW = ("crash loop", "memory leak", "hung event loop", "full pool")
SAMPLES: dict[str, Any] = {
    "updates": {
        "images": {"a line of kit": ["orders", "webhooks", "embedded"], "a line of webhooks": ["webhooks", "embedded"]},
        "rows": [
            update("embedded", "webhooks", 90, longest_gap_s=9.5),
            update("embedded", "orders", 80),
            update("split", "webhooks", 0),
            update("split", "orders", 0),
        ],
    },
    "contracts": {
        "rows": [
            {"what": "a path is another one", "consistent": False, "caught_by": "tests of both services", "seconds": 60},
            {"what": "a path is another one", "consistent": True, "caught_by": "two releases side by side", "seconds": 200},
        ]
    },
    "robustness": {
        "rows": [
            fault(mode, name, how, 72 if mode == "split" else 20)
            for mode in ("embedded", "split")
            for name in ("webhooks", "ledger")
            for how in HOW
        ],
        "missed": [],
        "rounds": 8,
        "operations": len(NEEDS),
        "leak_mib_s": 32,
    },
    "security": {
        "names": ["orders", "payments", "webhooks"],
        "inside": {"embedded": ["orders", "payments", "webhooks"], "split": ["webhooks"]},
        "rows": {
            "orders": {"services": ["payments"], "databases": [], "own_database": True, "tokens_made": []},
            "payments": {"services": [], "databases": [], "own_database": True, "tokens_made": []},
            "webhooks": {"services": [], "databases": [], "own_database": True, "tokens_made": []},
        },
    },
    "flexibility": {
        "building_s": 60.0,
        "lines": {"Python": 500, "what Python has from kit and standalone": 4900, "TypeScript": 1760, "contract suite": 700},
        "there_s": 14.0,
        "back_s": 12.0,
        "served": {"0.1.0-ts": 100, "0.1.0-abc": 200},
        "cards": 300,
        "failed": 0,
        **FIGURES,
    },
    "price": {"rate": 20.0, "rows": [cost("embedded", 0.1, 260.0), cost("split", 0.3, 710.0)]},
    "replicas": {"rate": 20.0, "rows": [cost("split", 0.3, 710.0, replicas=1), cost("split", 0.5, 1960.0, replicas=3)]},
    "telemetry": {
        "exports": 12,
        "ratio": 0.02,
        "seconds": 8.0,
        "rows": [
            {"round": number, "way": way, "per_second": speed, "python_us": 1e6 / speed, "p50_ms": 100.0, "p99_ms": 200.0, "readings": 3}
            for number in (0, 1)
            for way, speed in (("none", 100.0), ("counted", 96.0), ("all", 92.0))
        ],
    },
    "suites": {
        "suites": {
            "webhooks": {"tests": 120, "failed": 0, "seconds": 30.0, "cpu": 25.0},
            "all": {"tests": 2000, "failed": 0, "seconds": 1200.0, "cpu": 1500.0},
        }
    },
}
VERDICTS = {
    "updates": (
        "For services: while one service changed, 0 requests failed with services and 170 in one process, which was away for up to 9.5 s; "
        "0 and 0 checkouts did not come to their end."
    ),
    "contracts": (
        "For both: the build caught 2 of 2 planted breaks, 1 of them only by running two releases side by side, "
        "which the one process does not need."
    ),
    "robustness": (
        "For services: while one service was broken, 90 % of all operations went on with services, and 25 % in one process; "
        "of the checkouts of that time 100 % and 100 % came to their end."
    ),
    "security": (
        "For services: code in webhooks read the tables of 3 services in one process, and of 1 as a service. The "
        "identity of orders may call 1 others, none else more than 0."
    ),
    "flexibility": (
        "For services: processor in TypeScript took the place of the one in Python under load with 0 failed "
        "requests; the one process runs Python only."
    ),
    "price": (
        "For the one process: a checkout as services took 2.0 times the CPU of one process and 2.5 times the memory; "
        "32 clients had 80 checkouts a second from one process and 80 from services."
    ),
    "replicas": (
        "Only services are offered with replicas, and on one machine these cost: three of each took 2.7 times the memory and "
        "1.5 times the CPU for the same checkouts, p99 went from 90 to 90 ms, and 32 clients had 80 checkouts a second instead of 80."
    ),
    "telemetry": (
        "All telemetry costs the one process 8.0 % of its throughput and 8.7 % more CPU of Python: the aim of 10 % holds "
        "(8 to 8 % by round)."
    ),
    "suites": "No difference: the tests of webhooks alone take 2 % of the time of all, and do not know how it is deployed.",
}


@pytest.mark.parametrize("experiment", [one for one in EXPERIMENTS if one.name in SAMPLES], ids=lambda one: one.name)
def test_the_verdict_follows_the_figures(experiment: Any) -> None:
    section = experiment.tell(SAMPLES[experiment.name])
    assert section.verdict == VERDICTS[experiment.name]
    assert section.markdown().startswith(f"**{section.verdict}**\n\n")


def test_every_experiment_has_figures_here_or_in_the_repository() -> None:
    assert {one.name for one in EXPERIMENTS} - SAMPLES.keys() == {"reading", "changed-together"}
    assert {"reading", "changed-together"} <= kept().keys()


def test_where_the_books_are_not_exact_the_page_says_so() -> None:
    rows = [{**row, "problems": ["a cent is missing"]} for row in SAMPLES["updates"]["rows"]]
    (updates,) = [one for one in EXPERIMENTS if one.name == "updates"]
    assert updates.tell({**SAMPLES["updates"], "rows": rows}).markdown().count("Not exact: ") == 4
    assert "The books were exact after each" in updates.tell(SAMPLES["updates"]).markdown()


def test_cpu_of_a_checkout_is_that_of_all_parts_at_the_rate() -> None:
    one, many = SAMPLES["price"]["rows"]
    assert [round(price.milliseconds(row, 20.0), 6) for row in (one, many)] == [10, 20]
    assert (price.memory(one), price.memory(many)) == (300.0, 750.0)
    needing_more = {**many, "busy": many["busy"] | {"postgresql": {"cores": 0.2, "memory": 110.0}}}
    assert [price.milliseconds(needing_more, 20.0), price.memory(needing_more)] == pytest.approx([30, 860.0])


def test_a_million_checkouts_cost_their_cpu_and_the_memory_of_their_time() -> None:
    """10 ms are 2.78 core hours in a million, which takes 13.9 hours at 20 a second."""
    row = cost("embedded", 0.1, 984.0)  # and the gateway: a GiB
    assert price.dollars(row, 20.0) == pytest.approx(1e4 / 3600 * price.CORE_HOUR + 1e6 / 20 / 3600 * price.GIB_HOUR)


def test_a_fault_that_could_not_be_measured_is_named_and_not_drawn() -> None:
    (robustness,) = [one for one in EXPERIMENTS if one.name == "robustness"]
    sample = SAMPLES["robustness"]
    rows = [row for row in sample["rows"] if (row["mode"], row["service"], row["fault"]) != ("split", "ledger", "full pool")]
    section = robustness.tell({**sample, "rows": rows, "missed": ["services, ledger, full pool: NotInTime: x"]})
    assert "\n\nNot measured: services, ledger, full pool: NotInTime: x" in section.markdown()
    assert [list(plot.labels) for plot in section.plots if isinstance(plot, Bars)] == [list(HOW), list(HOW[:3])]


def test_it_is_said_what_of_the_business_is_lost_and_who_is_better_at_which_fault() -> None:
    (robustness,) = [one for one in EXPERIMENTS if one.name == "robustness"]
    rows = [
        row | {"finished": row["checkouts"] // 2 if row["service"] == "ledger" else row["checkouts"]}
        for row in SAMPLES["robustness"]["rows"]
    ]
    for row in rows:
        if row["fault"] == "full pool":
            row["good"] = 71 if row["mode"] == "split" else 72
        if row["fault"] == "memory leak":
            row["good"] = 40 if row["mode"] == "split" else 80
    page = robustness.tell({**SAMPLES["robustness"], "rows": rows}).markdown()
    assert (
        "with webhooks broken 0 % with services and 0 % in one process, with ledger broken 50 % with services and 50 % in one process."
        in page
    )
    assert "for services: crash loop, hung event loop; for the one process: memory leak; a draw: full pool." in page


def test_an_aim_between_the_rounds_is_undecided() -> None:
    (telemetry,) = [one for one in EXPERIMENTS if one.name == "telemetry"]
    sample = SAMPLES["telemetry"]
    rows = [{**row, "per_second": row["per_second"] * (0.8 if row["round"] == 0 and row["way"] == "all" else 1)} for row in sample["rows"]]
    assert "whether the aim of 10 % holds is undecided (8 to 26 % by round)." in telemetry.tell({**sample, "rows": rows}).verdict


def test_a_leak_that_did_not_reach_the_limit_is_not_compared() -> None:
    (robustness,) = [one for one in EXPERIMENTS if one.name == "robustness"]
    sample = SAMPLES["robustness"]
    rows = [row | ({"restarts": 0} if (row["mode"], row["fault"]) == ("embedded", "memory leak") else {}) for row in sample["rows"]]
    section = robustness.tell({**sample, "rows": rows})
    assert "Not compared, here and above: the memory leak" in section.markdown()
    assert all("memory leak" not in plot.labels for plot in section.plots if isinstance(plot, Bars))


def test_the_page_says_where_each_way_wins() -> None:
    page = write(EXPERIMENTS, {name: found for name, found in SAMPLES.items() if name in {"price", "updates", "suites", "replicas"}})
    assert "The one process wins at price; services at updates; neither, or not to be compared, at suites, replicas." in page


def test_the_page_has_each_claim_once_and_says_what_was_not_measured() -> None:
    page = write(EXPERIMENTS, {"price": SAMPLES["price"] | {"circumstances": CIRCUMSTANCES}})
    assert page.count("\n## And the price\n") == 1
    assert page.count("\n### ") == len(EXPERIMENTS)
    assert page.count("Not measured yet: `make experiments ONLY=") == len(EXPERIMENTS) - 1
    assert "| price | 2026-01-02 | `abc+` | 2 | 92, 226.5, 2.5 | 2% |" in page
    assert "![What services take of each, one process being 1](images/experiments-price.svg)" in page


def test_the_page_in_the_repository_is_what_its_data_say() -> None:
    measured = kept()
    assert PAGE.read_text("utf-8") == write(EXPERIMENTS, measured), "make experiments ONLY=document writes it anew"
    drawn = [plot for one in EXPERIMENTS if one.name in measured for plot in one.tell(measured[one.name]).plots]
    assert [file_of(plot).name for plot in drawn if not file_of(plot).is_file()] == []


def test_what_was_measured_is_kept_as_it_was(tmp_path: Path) -> None:
    keep("price", SAMPLES["price"], tmp_path)
    assert kept(tmp_path) == {"price": SAMPLES["price"]}


def test_experiments_are_chosen_by_name() -> None:
    assert chosen([]) == list(EXPERIMENTS)
    assert [one.name for one in chosen(["price", "updates"])] == ["updates", "price"]
    assert chosen(["document"]) == []
    with pytest.raises(SystemExit, match="there is no experiment 'prise': choose from reading, "):
        chosen(["prise"])


def test_cells() -> None:
    assert [shown(cell) for cell in (None, 1234, 1234.5, 0.123456, 12.0, 1e-7, "a|b", True)] == [
        "",
        "1,234",
        "1,234",
        "0.123",
        "12",
        "1e-07",
        "a\\|b",
        "True",
    ]
    assert (percent(1, 3), percent(1, 0), times(3, 2), times(1, 0)) == ("33 %", "none", "1.5 times", "infinitely many times")
    assert Table(("a", "b"), [(1, None)]).markdown() == "| a | b |\n| --- | --- |\n| 1 |  |"
    with pytest.raises(ValueError, match="2 columns, and the row \\[1\\]"):
        Table(("a", "b"), [(1,)]).markdown()
    plots = Bars("x", "X", "s", ["a"], {"y": [1.0]}), Heat("h", "H", ["a"], [[1]])
    assert Section("Yes.", ["text", *plots]).plots == list(plots)
    assert str(ROOT / "docs/images/experiments-x.svg") == str(file_of(plots[0]))
