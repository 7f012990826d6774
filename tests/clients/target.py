"""Which platform the suites run against: one of their own, or one that somebody else runs (`--url`).

Of a platform that somebody else runs nothing is reset: whatever earlier runs left stays there, and only one run at a time moves its clock.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.process import FarthingProcess

_PATIENCE = 120  # seconds: moving the clock may do a lot of work
_SPENT = {"currency_code": "USD", "value": "50000.00"}  # more than one run takes from the buyer's wallet
_LAST_CARD_DAY = "2035-12"  # when the test cards of the suites expire, by the platform's clock
_TRIES = 4  # to do what has fallen due; each may take more than a minute and a half


class Unusable(Exception):
    """The suites cannot run against this platform; the text says why and what to do."""


@dataclass(frozen=True)
class Target:
    """`own`: started for this run alone. `token`: what the control API wants, or empty."""

    url: str
    token: str = field(repr=False)
    own: bool

    def control(self) -> httpx2.Client:
        """The sandbox's control API, for the operator."""
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        return httpx2.Client(base_url=self.url, headers=headers, timeout=_PATIENCE)

    def prepare(self) -> None:
        """Look whether a platform of somebody else can be used, and make it ready for a run. Raises Unusable."""
        parts = urlsplit(self.url)
        if parts.scheme != "http" or not parts.netloc or parts.path:
            raise Unusable(f"--url wants http://host:port of the public side, not {self.url}")
        try:
            with self.control() as control:
                _make_ready(control)
        except httpx2.TransportError as error:
            raise Unusable(f"no platform answers at {self.url} ({type(error).__name__})") from None


def add_options(parser: pytest.Parser) -> None:
    group = parser.getgroup("farthing", "the official SDKs' suites (tests/clients)")
    group.addoption("--url", help="run them against the platform that serves here, not one of their own ($FARTHING_TEST_URL)")
    group.addoption("--operator-token", metavar="TOKEN", help="what the control API of the platform wants ($FARTHING_OPERATOR_TOKEN)")


def url_of(config: pytest.Config) -> str:
    """The address of somebody else's platform, or nothing."""
    return _option(config, "--url", "FARTHING_TEST_URL").rstrip("/")


def open_target(config: pytest.Config, data_dir: Path) -> Iterator[Target]:
    """The platform of this run; one of its own keeps its data in `data_dir`, wants the token too, and ends with the run."""
    url, token = url_of(config), _option(config, "--operator-token", "FARTHING_OPERATOR_TOKEN")
    if url:
        yield _elsewhere(url, token)
        return
    process = FarthingProcess(data_dir, "--ephemeral", environment={"FARTHING_OPERATOR_TOKEN": token})
    yield Target(process.start(), token, own=True)
    process.stop()


def _elsewhere(url: str, token: str) -> Target:
    target = Target(url, token, own=False)
    try:
        target.prepare()
    except Unusable as error:
        pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)
    return target


def _option(config: pytest.Config, name: str, variable: str) -> str:
    # pytest learns of the options only when it is called with this folder: elsewhere the environment decides.
    given: str | None = config.getoption(name, default=None)
    return given or os.environ.get(variable, "")


def _make_ready(control: httpx2.Client) -> None:
    """The buyer can pay, and what earlier runs left behind has fallen due: no test that moves the clock has to wait for it."""
    now = _asked(control.get("/_farthing/clock"))["now"]
    if now >= _LAST_CARD_DAY:
        raise Unusable(f"the platform's clock stands at {now}, when the test cards have expired: set it up anew")
    _asked(control.post("/_farthing/accounts/buyer@example.com/fund", json=_SPENT))
    for attempt in range(1, _TRIES + 1):
        moved = control.post("/_farthing/clock/advance", json={"by": "P4D"})
        if moved.status_code != httpx2.codes.SERVICE_UNAVAILABLE or attempt == _TRIES:
            _asked(moved)  # unavailable: there was more than could be done in time, and the same call goes on
            return


def _asked(answer: httpx2.Response) -> Any:
    """Raises Unusable with what is in the way."""
    if answer.status_code == httpx2.codes.UNAUTHORIZED:
        raise Unusable("the control API wants the operator's token: --operator-token or FARTHING_OPERATOR_TOKEN")
    if answer.status_code != httpx2.codes.OK or answer.headers.get("content-type") != "application/json":
        where = f"{answer.request.method} {answer.request.url.path}"
        raise Unusable(
            f"no usable sandbox answers at {answer.request.url.copy_with(path='')}: {where} {answer.status_code} {answer.text[:300]}"
        )
    return answer.json()
