"""Team organisation: which services change together in the history of the repository."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations

from farthing.embedded.contents import NAMES
from tests.experiments import history
from tests.experiments.experiment import Experiment
from tests.experiments.history import FEWEST, Change
from tests.experiments.section import Found, Heat, Say, Section, Table, percent, text


def matrix(changes: Iterable[Change], names: Sequence[str]) -> list[list[int]]:
    """How many commits touched both; on the diagonal, how many touched the one."""
    pairs: Counter[tuple[str, str]] = Counter()
    for change in changes:
        touched = sorted(change.services)
        pairs.update((name, name) for name in touched)
        for one, other in combinations(touched, 2):
            pairs.update([(one, other), (other, one)])
    return [[pairs[one, other] for other in names] for one in names]


def measure(say: Say) -> Found:
    changes = history.changes()
    names = sorted(NAMES)
    say(f"{len(changes)} commits since the first checkout was complete")
    touching = [change for change in changes if change.services & set(names)]
    return {
        "begin": history.begin()[:12],
        "commits": len(changes),
        "names": names,
        "matrix": matrix(changes, names),
        "touched": {str(count): number for count, number in sorted(Counter(len(change.services) for change in touching).items())},
        "with_shared": sum(change.shared for change in touching),
        "alone_unshared": sum(len(change.services) == 1 and not change.shared for change in touching),
    }


def tell(found: Found) -> Section:
    touched = {int(count): number for count, number in sorted(found["touched"].items(), key=lambda pair: int(pair[0]))}
    touching, alone = sum(touched.values()), touched.get(1, 0)
    rows = [(count, number, percent(number, touching)) for count, number in touched.items()]
    return Section(
        _verdict(touching, alone, found["alone_unshared"]),
        [
            text(
                f"Counted from `{found['begin']}`, the first release, in which the first checkout was complete.",
                f"{found['commits']} commits came after it; {touching} of them touched the code or the",
                f"tests of a service (its client is its own), {found['with_shared']} of these also what all share (`libs`, `embedded`).",
                "They show what is coupled in the code; how teams work beside each other would take teams.",
            ),
            Table(("services touched by a commit", "commits", "share"), rows),
            "On the diagonal: the commits that touched the one at all.",
            Heat("together", "Commits that touched both services", found["names"], found["matrix"]),
            _pairs(found),
        ],
    )


def _verdict(touching: int, alone: int, unshared: int) -> str:
    share = text(
        f"{percent(alone, touching)} of the {touching} commits that changed a service changed one only,",
        f"{percent(unshared, touching)} without what all share",
    )
    if touching < FEWEST:
        return f"It proves nothing yet, with fewer than {FEWEST} commits that changed a service: {share}."
    return f"For {'services' if 2 * unshared > touching else 'the one process'}: {share}."


def _pairs(found: Found) -> Table:
    """The pairs that change together most, as a share of the one that changes less often."""
    names, values = found["names"], found["matrix"]
    rows = []
    for one, other in combinations(range(len(names)), 2):
        fewer = min(values[one][one], values[other][other])
        if fewer and values[one][other]:
            rows.append((f"{names[one]}, {names[other]}", values[one][other], values[one][other] / fewer))
    most = sorted(rows, key=lambda row: (-row[1], row[0]))[:8]
    columns = ("changed together most", "commits", "of the commits of the rarer")
    return Table(columns, [(pair, both, percent(share, 1)) for pair, both, share in most])


EXPERIMENT = Experiment("changed-together", "Team organisation: teams work beside each other", measure, tell, minutes=1)
