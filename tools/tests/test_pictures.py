"""A dashboard as a picture: what is asked, and how what comes back is said."""

from __future__ import annotations

import importlib
import json
import re
import threading
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tools.pictures.answers import Prometheus, Series, Unanswered
from tools.pictures.panels import NAMES, panels_of
from tools.pictures.units import value

SINCE, UNTIL = 1_000_000.0, 1_000_600.0


class Server(BaseHTTPRequestHandler):
    """Answers each query with two series; `refuse` in it is refused."""

    asked: list[dict[str, str]]

    def do_POST(self) -> None:
        query = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["content-length"])).decode()))
        self.asked.append(query)
        refused = "refuse" in query["query"]
        values = [[SINCE + at, str(at)] for at in (0, 4, 8, 100, 104)]
        result = [{"metric": {"__name__": "x", "version": one, "pod": "p"}, "values": values} for one in ("1", "2")]
        self.send_response(400 if refused else 200)
        self.end_headers()
        self.wfile.write(b"parse error" if refused else json.dumps({"data": {"result": result}}).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    Server.asked = []
    with HTTPServer(("127.0.0.1", 0), Server) as found:
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


@pytest.fixture
def prometheus(server: HTTPServer) -> Prometheus:
    return Prometheus(f"http://127.0.0.1:{server.server_port}/", SINCE, UNTIL)


@pytest.mark.parametrize("name", NAMES)
def test_every_query_is_complete(name: str) -> None:
    panels = panels_of(name, "webhooks")
    expressions = [expression for panel in panels for expression, _ in panel.queries]
    assert expressions
    assert [one for one in expressions if re.search(r"\$[a-z_{]", one)] == []
    assert all(panel.queries for panel in panels if panel.kind != "row")
    assert panels[-1].kind != "row"


def test_a_series_is_called_as_the_panel_says(prometheus: Prometheus) -> None:
    panel = next(one for one in panels_of("rollout", "webhooks") if one.title == "Requests by version")
    found = prometheus.series(panel)
    assert [(one.name, one.values, one.times[1]) for one in found] == [(name, (0, 4, 8, 100, 104), SINCE + 4) for name in ("1", "2")]
    assert 'service="webhooks"' in Server.asked[0]["query"]
    assert [float(Server.asked[0][name]) for name in ("start", "end", "step")] == [SINCE, UNTIL, 4.0]


def test_times_that_follow_each_other_are_one(prometheus: Prometheus) -> None:
    assert prometheus.times("up > 0") == [(SINCE, SINCE + 8), (SINCE + 100, SINCE + 104)]


def test_what_prometheus_refuses_is_said_in_one_line(prometheus: Prometheus) -> None:
    with pytest.raises(Unanswered, match=r"^Prometheus refused `refuse`: parse error$"):
        prometheus.times("refuse")


def test_a_prometheus_that_is_not_there_is_said_in_one_line() -> None:
    with pytest.raises(Unanswered, match="forward its port"):
        Prometheus("http://127.0.0.1:1", SINCE, UNTIL).times("up")


@pytest.mark.needs_matplotlib
def test_a_page_shows_each_panel_its_lines_and_when_a_rollout_went_on(tmp_path: Path) -> None:
    drawing = importlib.import_module("tools.pictures.drawing")
    lines = [Series(f"0.1.{number}", (SINCE, UNTIL), (0.0, float(number))) for number in range(12)]
    shown = [(panel, lines[:1] if panel.kind == "stat" else lines) for panel in panels_of("rollout", "webhooks")]
    pages = []
    for changes in ([], [(SINCE + 60, SINCE + 120)]):
        file = tmp_path / f"{len(changes)}.svg"
        drawing.draw(shown, changes, file)
        pages.append(file.read_text("utf-8"))
    for panel, _ in shown:
        assert f"<!-- {panel.title} -->" in pages[0]
    assert "<!-- 0.1.6 -->" in pages[0]
    assert "<!-- 0.1.7, and 4 more -->" in pages[0]
    graphs = sum(panel.kind == "timeseries" for panel, _ in shown)
    assert [page.count("fill: #e6e6e6") for page in pages] == [0, graphs]


@pytest.mark.parametrize(
    ("number", "unit", "said"),
    [
        (0.0000123, "s", "12.3 µs"),
        (0.25, "s", "250 ms"),
        (90.0, "s", "90 s"),
        (0.0, "s", "0 s"),
        (0.9995, "percentunit", "99.95 %"),
        (52_428_800.0, "bytes", "50 MiB"),
        (19.96, "reqps", "20/s"),
        (1234567.0, "short", "1,234,567"),
        (float("nan"), "short", "-"),
    ],
)
def test_numbers_have_their_units(number: float, unit: str, said: str) -> None:
    assert value(number, unit) == said
