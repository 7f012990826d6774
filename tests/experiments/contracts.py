"""Team organisation: breaks of a contract between services, planted one by one in a copy of the tree; which gate of the build catches each.

A break is *here* when only one side of the contract changes, by somebody who does not think of the others, and *consistent* when both
change in one commit as a single tree invites one to: then everything of the new version agrees, and during a rollout the old one does not.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.experiments.experiment import Experiment, git
from tests.experiments.section import Found, Say, Section, Table, text
from tests.release.trees import Tree

_PAYMENTS, _LEDGER = "services/payments/client/src/farthing/clients/payments", "services/ledger/client/src/farthing/clients/ledger"
_LONGEST = 1200.0  # seconds for a gate


class NotPlanted(Exception):
    """The text that a break replaces is not there, or not once."""


@dataclass(frozen=True, slots=True)
class Edit:
    file: str
    old: str
    new: str

    def apply(self, root: Path) -> None:
        """Raises NotPlanted."""
        path = root / self.file
        content = path.read_text("utf-8")
        if content.count(self.old) != 1:
            raise NotPlanted(f"{self.file} has {content.count(self.old)} times {self.old!r}")
        path.write_text(content.replace(self.old, self.new), "utf-8")


@dataclass(frozen=True, slots=True)
class Break:
    """`tests`: those of the services on both sides."""

    what: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]
    consistent: bool = False


_BETWEEN = ("services/payments/tests", "services/orders/tests")
_POSTING = ("services/ledger/tests", "services/payments/tests")
_TELLING = ("services/payments/tests", "services/webhooks/tests")
BREAKS: tuple[Break, ...] = (
    Break(
        "a client's method has another name",
        (Edit(f"{_PAYMENTS}/client.py", "async def pay(self,", "async def pay_order(self,"),),
        _BETWEEN,
    ),
    Break(
        "a property of an answer has another name",
        (
            Edit(
                f"{_LEDGER}/models.py",
                "    balance: int\n    held: int\n    available: int\n\n\nclass Balances",
                "    amount: int\n    held: int\n    available: int\n\n\nclass Balances",
            ),
        ),
        _POSTING,
    ),
    Break(
        "a request needs a further property",
        (Edit(f"{_PAYMENTS}/models.py", "    order_id: str\n    intent:", "    order_id: str\n    channel: str\n    intent:"),),
        _BETWEEN,
    ),
    Break("a path is another one", (Edit(f"{_PAYMENTS}/client.py", '"POST", "/payments"', '"POST", "/pays"'),), _BETWEEN),
    Break(
        "an event type has another name",
        (Edit(f"{_PAYMENTS}/events.py", '"PAYMENT.CAPTURE.COMPLETED"', '"PAYMENT.CAPTURE.PAID"'),),
        _TELLING,
    ),
    Break(
        "a path is another one",
        (
            Edit(f"{_PAYMENTS}/client.py", '"POST", "/payments"', '"POST", "/pays"'),
            Edit("services/payments/src/farthing/payments/api.py", '"POST", "/payments"', '"POST", "/pays"'),
        ),
        _BETWEEN,
        consistent=True,
    ),
    Break(
        "a request needs a further property",
        (
            Edit(f"{_PAYMENTS}/models.py", "    order_id: str\n    intent:", "    order_id: str\n    channel: str\n    intent:"),
            Edit(
                "services/orders/src/farthing/orders/operations/paying.py",
                "return Pay(order_id=order.id,",
                'return Pay(order_id=order.id, channel="web",',
            ),
        ),
        _BETWEEN,
        consistent=True,
    ),
    Break(
        "an event's property has another name",
        (
            Edit(
                "services/payments/src/farthing/payments/operations/events.py", '"client_id": about.client_id', '"app_id": about.client_id'
            ),
            Edit("services/webhooks/src/farthing/webhooks/operations/intake.py", 'data.get("client_id")', 'data.get("app_id")'),
        ),
        _TELLING,
        consistent=True,
    ),
    Break(
        "a refusal has another name",
        (Edit(f"{_LEDGER}/errors.py", 'issue = "INSUFFICIENT_FUNDS"', 'issue = "NOT_ENOUGH"'),),
        _POSTING,
        consistent=True,
    ),
)


@dataclass(frozen=True, slots=True)
class Gate:
    """A step of the build."""

    name: str
    command: tuple[str, ...]


def gates(broken: Break) -> tuple[Gate, ...]:
    """In the order in which the build has them."""
    pytest = (sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider")
    return (
        Gate("types", (sys.executable, "-m", "mypy")),
        Gate("tests of both services", (*pytest, *broken.tests)),
        Gate("journeys through all", (*pytest, "tests/e2e/test_first_checkout.py", "tests/e2e/test_apart.py")),
        Gate("two releases side by side", (*pytest, "tests/release")),
    )


@contextlib.contextmanager
def worktree() -> Iterator[Path]:
    """The committed tree in a folder of its own; what is planted there never reaches this one."""
    with tempfile.TemporaryDirectory(prefix="farthing-contracts-") as folder:
        place = Path(folder) / "tree"
        git("worktree", "add", "--detach", str(place), "HEAD")
        try:
            yield place
        finally:
            git("worktree", "remove", "--force", str(place))


def catches(gate: Gate, root: Path) -> bool:
    """Whether a gate is not passed by the tree at `root`."""
    environment = Tree("planted", root).environment()
    environment |= {"PYTHONPATH": f"{environment['PYTHONPATH']}{os.pathsep}{root}", "CI": "true"}  # what cannot run has not passed
    done = subprocess.run(gate.command, cwd=root, env=environment, capture_output=True, check=False, timeout=_LONGEST)
    return done.returncode != 0


def measure(say: Say) -> Found:
    """Raises RuntimeError when the tree does not pass without a break: then a gate's word means nothing."""
    with worktree() as root:
        say("the tree as it is")
        nothing = Break("nothing", (), tuple(dict.fromkeys(folder for broken in BREAKS for folder in broken.tests)))
        closed = [gate.name for gate in gates(nothing) if catches(gate, root)]
        if closed:
            raise RuntimeError(f"the tree without a break does not pass: {', '.join(closed)}")
        rows = [_tried(broken, root, say) for broken in BREAKS]
    return {"rows": rows}


def _tried(broken: Break, root: Path, say: Say) -> Found:
    for edit in broken.edits:
        edit.apply(root)
    began = time.monotonic()
    try:
        caught = next((gate.name for gate in gates(broken) if catches(gate, root)), None)
    finally:
        git("checkout", "--", ".", root=root)
    row = {"what": broken.what, "consistent": broken.consistent, "caught_by": caught, "seconds": round(time.monotonic() - began)}
    say(f"{broken.what}, {'consistent' if broken.consistent else 'here'}: {caught or 'NOT CAUGHT'} ({row['seconds']} s)")
    return row


def tell(found: Found) -> Section:
    rows: Sequence[Found] = found["rows"]
    caught = sum(row["caught_by"] is not None for row in rows)
    running = sum(row["caught_by"] == "two releases side by side" for row in rows)
    return Section(
        text(
            f"{'For both' if caught == len(rows) else 'Against services'}: the build caught {caught} of {len(rows)} planted breaks,",
            f"{running} of them only by running two releases side by side, which the one process does not need.",
        ),
        [
            text(
                "Each break was planted alone, and the build's gates were tried in their order until one did not pass: types, the tests",
                "of both services, journeys through all, two releases side by side. One side: the client that both share for the contract",
                "changed, not the code that uses it. Both sides: that changed with it, so that the new version agrees with itself. In one",
                "process all change in the same moment, and only what lay in an outbox or a table meanwhile is old; services run beside",
                "older ones during every rollout. After: with the gates that were passed before.",
            ),
            Table(
                ("break", "changed", "caught by", "after, s"),
                [
                    (row["what"], "both sides" if row["consistent"] else "one side", row["caught_by"] or "nothing", row["seconds"])
                    for row in rows
                ],
            ),
        ],
    )


EXPERIMENT = Experiment("contracts", "Team organisation: teams work beside each other", measure, tell, minutes=9)
