"""What the dashboards are made of: panels with one look, and variables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import BigValueColorMode, BigValueGraphMode, LegendDisplayMode, LegendPlacement, VisibilityMode
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DashboardCursorSync,
    DashboardLinkType,
    DataSourceRef,
    Panel,
    Threshold,
    ThresholdsMode,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

PROMETHEUS = DataSourceRef(type_val="prometheus", uid="prometheus")
JAEGER = DataSourceRef(type_val="jaeger", uid="jaeger")
GRAFANA = DataSourceRef(type_val="grafana", uid="-- Grafana --")  # its own store, to which observer writes
GRAFANA = DataSourceRef(type_val="grafana", uid="-- Grafana --")  # its own store, which observer writes to
WIDTH, HALF, THIRD, QUARTER, SIXTH = 24, 12, 8, 6, 4
RATE = "$__rate_interval"


@dataclass(frozen=True)
class Line:
    """One query of a panel, and what its series are called."""

    expr: str
    legend: str


@dataclass
class Search(Builder[Dataquery], Dataquery):
    """A query of Grafana's Jaeger data source: by service and tags, or a trace by its id (`query`)."""

    ref_id: str = "A"
    service: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    query: str = ""
    limit: int = 20

    def build(self) -> Search:
        return self

    def to_json(self) -> dict[str, Any]:
        about: dict[str, Any] = {"refId": self.ref_id, "datasource": JAEGER}
        if self.query:
            return about | {"query": self.query}
        tags = " ".join(f'{name}="{value}"' for name, value in self.tags.items())
        return about | {"queryType": "search", "service": self.service, "tags": tags, "limit": self.limit}


def number(
    title: str,
    expr: str,
    meaning: str,
    *,
    unit: str = "short",
    bad_above: float | None = None,
    bad_below: float | None = None,
    legend: str = "",
) -> Builder[Panel]:
    """One number, green or red."""
    panel = stat.Panel().title(title).description(meaning).datasource(PROMETHEUS).height(4).span(SIXTH).unit(unit)
    panel = panel.graph_mode(BigValueGraphMode.NONE).color_mode(BigValueColorMode.VALUE).thresholds(_thresholds(bad_above, bad_below))
    return panel.with_target(_query(Line(expr, legend), "A").instant())


def graph(
    title: str, meaning: str, *lines: Line, unit: str = "short", span: int = THIRD, stacked: bool = False, signed: bool = False
) -> Builder[Panel]:
    """Lines over time; the legend shows the last value of each."""
    panel = timeseries.Panel().title(title).description(meaning).datasource(PROMETHEUS).height(8).span(span).unit(unit)
    panel = panel if signed else panel.min(0)
    legend = common.VizLegendOptions().show_legend(show_legend=True).display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM)
    panel = panel.legend(legend).show_points(VisibilityMode.NEVER).fill_opacity(30 if stacked else 5)
    for number_, line in enumerate(lines):
        panel = panel.with_target(_query(line, chr(ord("A") + number_)))
    return panel


def traces(title: str, meaning: str, *searches: Search, span: int = WIDTH) -> Builder[Panel]:
    """Traces that Jaeger finds, as a table whose ids open the trace below."""
    panel = table.Panel().title(title).description(meaning).datasource(JAEGER).height(8).span(span)
    for search in searches:
        panel = panel.with_target(search)
    return panel


def one_trace(title: str, meaning: str, trace: str) -> Builder[Panel]:
    panel = dashboard.Panel().type("traces").title(title).description(meaning).datasource(JAEGER).height(22).span(WIDTH)
    return panel.with_target(Search(query=trace))


def service_variable() -> Builder[Any]:
    query = "label_values(http_server_request_duration_seconds_count, service)"
    variable = dashboard.QueryVariable("service").label("Service").datasource(PROMETHEUS).query(query)
    orders = VariableOption(text="orders", value="orders")
    return variable.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.ALPHABETICAL_ASC).current(orders)


def text_variable(name: str, label: str) -> Builder[Any]:
    return dashboard.TextBoxVariable(name).label(label).default_value("")


def page(
    name: str, title: str, meaning: str, variables: Sequence[Builder[Any]], rows: Sequence[tuple[str, Sequence[Builder[Panel]]]]
) -> Dashboard:
    """A dashboard of some rows; its uid is `farthing-<name>`."""
    made = dashboard.Dashboard(title).uid(f"farthing-{name}").description(meaning).tags(["farthing"]).time("now-30m", "now").refresh("10s")
    made = made.tooltip(DashboardCursorSync.CROSSHAIR).timezone("browser").link(_others()).annotation(_changes())
    for variable in variables:
        made = made.with_variable(variable)
    for heading, panels in rows:
        made = made.with_row(dashboard.Row(heading))
        for panel in panels:
            made = made.with_panel(panel)
    return made.build()


def _others() -> Builder[Any]:
    return (
        dashboard.DashboardLink("Farthing")
        .type(DashboardLinkType.DASHBOARDS)
        .tags(["farthing"])
        .as_dropdown(as_dropdown=True)
        .keep_time(keep_time=True)
        .include_vars(include_vars=True)
    )


def _changes() -> Builder[Any]:
    """What observer tells, in every graph: Grafana shows annotations of no dashboard where they are asked for by their tags."""
    tagged = dashboard.AnnotationTarget().type("tags").tags(["farthing"]).match_any(match_any=False).limit(100)
    query = dashboard.AnnotationQuery().name("Changes of the cluster").datasource(GRAFANA).target(tagged)
    return query.enable(enable=True).hide(hide=False).icon_color("purple")


def _query(line: Line, ref_id: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(line.expr).legend_format(line.legend or "__auto").ref_id(ref_id).datasource(PROMETHEUS)


def _thresholds(above: float | None, below: float | None) -> Builder[Any]:
    steps = [Threshold(value=None, color="green" if below is None else "red")]
    if below is not None:
        steps.append(Threshold(value=below, color="green"))
    if above is not None:
        steps.append(Threshold(value=above, color="red"))
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)
