"""docs/experiments.md, written from what was measured and from nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tests.experiments.experiment import Experiment
from tests.experiments.section import Found, Section, Table, text

_HEAD = """\
# The six claims made for microservices, measured

The usual case for microservices claims six benefits over a monolith, and seldom names the price. Here the same code runs as one
process (`mode: embedded` of the chart) and as eleven services (`mode: split`), on the same cluster and under the same load where
it takes one, so both can be tried.

`make experiments` measures and writes this page, `make experiments ONLY="updates price"` measures only these, `ONLY=document`
only writes; {without} need no cluster,
and `python -m tests.experiments --help` says how long each takes. Each measured figure is in
[data/experiments](data/experiments); your own run writes there too
(`git checkout docs/experiments.md docs/data docs/images` brings these back).

Both ways share every line of the services. So what follows is about running them in one process or in many, not about tidy code
against a muddle: the boundaries between the services, which `make check` proves, are the same in both.

The one process is the one that this platform offers: one pod with its database inside, replaced by stopping it. A monolith with its
database beside it could run twice and change without being away; that is not offered, and not measured here. What is said of updates
and of replicas is said of this one."""
_CHOICE = "Where seconds of downtime at each change are acceptable, and a fault that takes all, one process is the same platform for less."
_CIRCUMSTANCES = """\
When each was measured and of which commit (`+`: with changes that were not committed); beside it how fast the machine was then,
in µs of CPU for three small things (verify a token, sign a webhook, count a request), and the share of processor time that other
guests of its host took. Each figure is of one run, and the machine was not always equally fast: compare within a section. The same
services were measured twice, in price and with one replica in replicas: what differs no more than these two do says nothing."""


def write(experiments: Sequence[Experiment], measured: Mapping[str, Found]) -> str:
    """The page. An experiment without measurements is named as such."""
    told = sections(experiments, measured)
    parts = [_head(experiments), "## In short", _summary(experiments, told).markdown(), _winners(told)]
    for claim in dict.fromkeys(experiment.claim for experiment in experiments):
        parts += [f"## {claim}", *_of_claim(claim, experiments, told)]
    parts += ["## Circumstances", _CIRCUMSTANCES, _circumstances(experiments, measured).markdown()]
    return "\n\n".join(parts) + "\n"


def _head(experiments: Iterable[Experiment]) -> str:
    return _HEAD.replace("{without}", _listed([f"`{one.name}`" for one in experiments if not one.cluster]))


def sections(experiments: Iterable[Experiment], measured: Mapping[str, Found]) -> dict[str, Section]:
    """By name, those of which there is something to tell."""
    return {experiment.name: experiment.tell(measured[experiment.name]) for experiment in experiments if experiment.name in measured}


def _of_claim(claim: str, experiments: Iterable[Experiment], told: Mapping[str, Section]) -> list[str]:
    parts = []
    for experiment in experiments:
        if experiment.claim == claim:
            section = told.get(experiment.name)
            parts.append(f"### {experiment.name.capitalize().replace('-', ' ')}")
            parts.append(section.markdown() if section else f"Not measured yet: `make experiments ONLY={experiment.name}`.")
    return parts


def _summary(experiments: Iterable[Experiment], told: Mapping[str, Section]) -> Table:
    rows = [(one.claim, one.name, told[one.name].verdict if one.name in told else "not measured yet") for one in experiments]
    return Table(("claimed", "experiment", "measured"), rows)


def _winners(told: Mapping[str, Section]) -> str:
    """Who is better at what, as each verdict begins."""
    where: dict[str, list[str]] = {"the one process": [], "services": [], "both": []}
    undecided: list[str] = []
    for name, section in told.items():
        whom = section.verdict.removeprefix("For ").partition(":")[0]
        where.get(whom, undecided).append(name.replace("-", " "))
    said = [f"The one process wins at {_listed(where['the one process'])}", f"services at {_listed(where['services'])}"]
    said += [f"both at {_listed(where['both'])}"] if where["both"] else []
    return text("; ".join([*said, f"neither, or not to be compared, at {_listed(undecided)}"]) + ".", _CHOICE)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "nothing"


def _circumstances(experiments: Iterable[Experiment], measured: Mapping[str, Found]) -> Table:
    rows = []
    for experiment in experiments:
        if found := measured.get(experiment.name, {}).get("circumstances"):
            yardstick = ", ".join(f"{found['yardstick'][name]:g}" for name in ("verify_us", "sign_us", "count_us"))
            rows.append((experiment.name, found["date"], f"`{found['commit']}`", found["processors"], yardstick, f"{found['stolen']:.0%}"))
    return Table(("experiment", "date", "commit", "processors", "yardstick, µs", "stolen"), rows)
