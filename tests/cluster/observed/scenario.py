"""Some minutes of a platform under load in which everything happens that somebody could want to see.

All is well at first, while the autoscaler brings more pods of one service. Then the merchant's server is away, a container is killed
twice, a new version comes while requests about one order fail, the broker is away. After the load one checkout is traced, and a cent is
put into the books.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from farthing.embedded.contents import NAMES
from tests.cluster import versions
from tests.cluster.exact.shopper import CARD_BODY
from tests.cluster.kube import Helm, Kube, wait_until
from tests.cluster.load import Figures, Load
from tests.cluster.observed import nonsense
from tests.cluster.observed.activity import Again, Sales, Unlucky
from tests.cluster.observed.changes import Observer, since
from tests.cluster.observed.expected import SERVICE
from tests.cluster.observed.receiver import Receiver
from tests.cluster.observed.sources import Prometheus
from tests.cluster.recovery import RETRY
from tests.cluster.rollout import Rollout, is_ready
from tests.cluster.served import wait_caught_up
from tests.cluster.store import Refused, Store, good

IDLE, HEALTHY = 20.0, 45.0  # seconds before the load; of it until something goes wrong
RATE = 10.0  # checkouts per second
PODS = 3
ARRIVING = 25.0  # seconds until a trace is complete at Jaeger: 5 s in the service, 10 s until it is decided, 1 s in the collector, and some
DEV = "farthing-dev"
ALERTS = {"ErrorBudgetBurnsFast": {"slo": "checkout-availability"}, "BooksNotExact": {"currency": "USD"}}  # with what each is about
_BROKER, _DATABASE = "statefulset/farthing-nats", "farthing-postgresql-0"
# All are 0 when nothing has happened for a minute.
_QUIET = (
    "sum(rate(farthing_captures_total[1m])) or vector(0)",
    'sum(rate(http_server_request_duration_seconds_count{operation!~"live|ready|metrics",status=~"5.."}[1m])) or vector(0)',
    'count(up{job="farthing"} == 0) or vector(0)',
    "sum(farthing_rollouts_in_progress) or vector(0)",
    f'count(ALERTS{{alertstate="firing",alertname=~"{"|".join(ALERTS)}"}}) or vector(0)',
)
# A webhook is given up within some seconds, not after three days: a second for each attempt, since nobody refuses a connection to nowhere.
_IMPATIENT = tuple(f"services.webhooks.env.FARTHING_WEBHOOKS_{name}" for name in ("ATTEMPTS=2", "FIRST_PAUSE=3", "TIMEOUT=1"))
_SCALING = f"services.{SERVICE}.autoscaling"
_EAGER = (f"{_SCALING}.enabled=true", f"{_SCALING}.maxReplicas={PODS}", f"{_SCALING}.targetCPU=5", f"{_SCALING}.scaleDownSeconds=300")
# Kubelets count throttling only where there is a limit; Python's imports run into this one.
_LIMITED = f"services.{SERVICE}.resources.limits.cpu=500m"
_CENT = "UPDATE ledger.accounts SET balance = balance + ({}) WHERE id = (SELECT min(id) FROM ledger.accounts WHERE currency = 'USD')"


@dataclass(frozen=True, slots=True)
class Checkout:
    """One that was traced: the debug ids of its answers by step, and of a payment by card."""

    order: str
    debug_ids: dict[str, str]
    card: str


@dataclass(slots=True)
class Seen:
    """Moments in seconds since 1970: all was well until `healthy`.

    `shown`: by kind of change, how many seconds after its beginning observer told it. `causes`: by alert, since when it should fire.
    """

    began: float
    loaded: float
    healthy: float
    ended: float
    figures: Figures
    checkout: Checkout
    shown: dict[str, float]
    causes: dict[str, float]
    rows: list[dict[str, Any]]
    versions: tuple[str, str]


class Scenario:
    """Runs once; whatever it changes is as before when `run` returns, whether it went well or not."""

    def __init__(self, kube: Kube, helm: Helm, operator: str, folder: Path) -> None:
        self._kube, self._helm, self._operator, self._folder = kube, helm, operator, folder
        self._prometheus = Prometheus(kube)
        self._rollout = Rollout(kube, SERVICE)
        self._undo = contextlib.ExitStack()
        self._shown: dict[str, float] = {}
        self._causes: dict[str, float] = {}

    def run(self) -> Seen:
        """Raises CommandFailed, NotInTime, Refused, LoadFailed."""
        with self._undo:
            self._prepare()
            began = time.time()
            time.sleep(IDLE)
            loaded = time.time()
            load = self._start_load()
            with Again(Sales(self._store).one, 1.0):
                self._scale_out()
                time.sleep(max(0.0, loaded + HEALTHY - time.time()))
                healthy = time.time()
                self._lose_containers()
                self._change_version()
                self._lose_broker()
            figures = load.finish()
            checkout = self._trace_checkout()
            self._spoil_books()
            rows = since(self._observer.rows(SERVICE), began)
            return Seen(began, loaded, healthy, time.time(), figures, checkout, self._shown, self._causes, rows, self._versions)

    def _prepare(self) -> None:
        """Wait until it is quiet, too: what the preparation itself did must not show."""
        self._undo.callback(self._as_it_was, self._helm.revision())
        self._store = Store(self._operator)
        self._undo.callback(self._store.close)
        self._observer, self._unlucky = Observer(self._store), Unlucky(self._store)
        self._receiver = Receiver(self._kube, Rollout(self._kube, "webhooks").image())
        self._undo.callback(self._receiver.remove, self._store)
        self._receiver.start(self._store)
        self._image = versions.build(SERVICE, versions.one_line("watched"), self._folder / "tree")
        self._versions = self._rollout.image().rpartition(":")[2], self._image.rpartition(":")[2]
        self._make_webhooks_impatient()
        wait_until("the platform to be quiet", self._quiet, 400, every=2)

    def _quiet(self) -> bool:
        """For a while: Prometheus learns some seconds later that a pod which has gone does not answer."""
        return all(self._prometheus.now(f"max_over_time(({query})[15s:1s])") == 0 for query in _QUIET)

    def _make_webhooks_impatient(self) -> None:
        old = self._kube.pod_names("webhooks")
        self._helm.upgrade(*_IMPATIENT)
        Rollout(self._kube, "webhooks").wait_replaced(old)

    def _as_it_was(self, revision: int) -> None:
        self._helm.rollback(revision)
        self._rollout.scale(1)

    def _start_load(self) -> Load:
        load = Load(self._folder, self._operator, *RETRY, "--others", str(Sales.MOST), rate=RATE)
        self._undo.callback(load.stop)
        return load

    def _scale_out(self) -> None:
        asked = time.time()
        self._helm.upgrade(*_EAGER)
        self._shown["scale-out"] = self._observer.shown_after("scale-out", SERVICE, asked)
        self._rollout.wait_ready(PODS)

    def _lose_containers(self) -> None:
        """The second time the kubelet waits 10 s before it starts another: nobody answers Prometheus meanwhile."""
        self._receiver.away()
        pod = min(self._kube.pod_names(SERVICE))
        killed = time.time()
        self._kube.kill(pod, SERVICE)
        self._shown["restart"] = self._observer.shown_after("restart", SERVICE, killed)
        self._wait_back(pod, 1)
        self._kube.kill(pod, SERVICE)
        self._wait_back(pod, 2)

    def _wait_back(self, pod: str, restarts: int) -> None:
        def back() -> bool:
            return self._kube.restarts(pod) >= restarts and is_ready(self._kube.get(f"pod/{pod}"))

        wait_until(f"{pod} to be back", back, 90)

    def _change_version(self) -> None:
        old = self._kube.pod_names(SERVICE)
        with self._unlucky.out_of_luck(), Again(self._unlucky.ask, 0.08):
            asked = self._causes["ErrorBudgetBurnsFast"] = time.time()
            self._helm.upgrade(versions.value_of(self._image), _LIMITED)
            self._shown["rollout"] = self._observer.shown_after("rollout", SERVICE, asked)
            self._receiver.back()
            self._rollout.wait_replaced(old, 180)
            self._wait_firing("ErrorBudgetBurnsFast")

    def _wait_firing(self, alert: str) -> None:
        wait_until(f"{alert} to fire", lambda: self._prometheus.fires(alert, **ALERTS[alert]), 120, every=2)

    def _lose_broker(self) -> None:
        """Events wait in their outboxes."""
        self._undo.callback(self._kube.ctl, "scale", _BROKER, "--replicas=1")
        self._kube.ctl("scale", _BROKER, "--replicas=0")
        wait_until("the broker to be gone", lambda: not self._kube.pods("nats", DEV), 60)
        time.sleep(12)
        self._kube.ctl("scale", _BROKER, "--replicas=1")
        wait_until("the broker to be back", lambda: [is_ready(pod) for pod in self._kube.pods("nats", DEV)] == [True], 90)
        wait_caught_up(self._kube, NAMES, 90)

    def _trace_checkout(self) -> Checkout:
        self._tell_nonsense()
        time.sleep(6)  # orders and payments remember for 5 s who is who: then nobody is asked
        store = Store(self._operator, traced=True)
        self._undo.callback(store.close)
        answers = {"create": store.create()}
        order = str(good(answers["create"])["id"])
        answers |= {"page": store.page(order), "approve": store.approve(order), "capture": store.capture(order)}
        card = store.create(CARD_BODY)
        for answer in (answers["approve"], answers["capture"], card):
            good(answer)
        debug_ids = {step: answer.headers["paypal-debug-id"] for step, answer in answers.items()}
        return Checkout(order, debug_ids, card.headers["paypal-debug-id"])

    def _tell_nonsense(self) -> None:
        """What is no event becomes a dead letter after five deliveries."""
        command = ("exec", "--stdin", "deployment/farthing-payments", "--container", "payments", "--", "python", "-")
        self._undo.callback(self._drop_dead_letters)
        self._kube.ctl(*command, given=Path(nonsense.__file__).read_text("utf-8"))
        wait_until("a dead letter", lambda: self._dead_letters() != [], 60)

    def _dead_letters(self) -> list[dict[str, Any]]:
        try:
            found = good(self._store.operate("GET", "dead-letters"))["dead_letters"]
        except Refused:
            return []
        return [letter for letter in found if letter["subject"] == nonsense.SUBJECT]

    def _drop_dead_letters(self) -> None:
        for letter in self._dead_letters():
            good(self._store.operate("DELETE", f"dead-letters/{letter['service']}/{letter['number']}"))

    def _spoil_books(self) -> None:
        begun = time.time()
        self._put_cents(1)
        self._undo.callback(self._put_cents, -1)
        self._causes["BooksNotExact"] = begun
        self._wait_firing("BooksNotExact")
        time.sleep(max(0.0, begun + ARRIVING - time.time()))

    def _put_cents(self, cents: int) -> None:
        command = ("exec", _DATABASE, "--", "psql", "--username=postgres", "--dbname=farthing_ledger", "--no-psqlrc")
        self._kube.ctl(*command, "--set=ON_ERROR_STOP=1", "--command", _CENT.format(cents))
