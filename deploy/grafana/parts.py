"""What the dashboards are put together from."""

from typing import Final, TypeVar

from grafana_foundation_sdk.builders import dashboard, stat, table, timeseries
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    VariableRefresh,
    VariableSort,
)

from deploy.grafana.queries import POSTGRES, Promql, Sql

Kind = TypeVar("Kind", stat.Panel, table.Panel, timeseries.Panel)

NOTHING: Final = "no data in this time"
WIDE: Final = 24
HALF: Final = 12
TALL: Final = 9
_SQL_SITE: Final = "SELECT name AS __text, site AS __value FROM dashboards.site ORDER BY name"
_SQL_PANEL: Final = (
    "SELECT panel AS __text, panel AS __value FROM dashboards.panel "
    "WHERE site = ${site:sqlstring} ORDER BY panel"
)
_SQL_ALERTS: Final = """
SELECT greatest(raised_at, $__timeFrom()::timestamptz) AS time,
       coalesce(cleared_at, now()) AS timeend, title AS text,
       concat_ws(',', severity, alert_type, state) AS tags
FROM dashboards.alert
WHERE site = ${site:sqlstring} AND raised_at <= $__timeTo()::timestamptz
  AND coalesce(cleared_at, now()) >= $__timeFrom()::timestamptz
ORDER BY 1
"""


def board(uid: str, *, title: str, description: str) -> dashboard.Dashboard:
    """Return an empty dashboard.

    Args:
        uid: What its address is made of; it never changes.
        title: Its name.
        description: What it is for.
    """
    return (
        dashboard.Dashboard(title)
        .uid(f"heliograph-{uid}")
        .description(description)
        .tags(["heliograph"])
        .refresh("1m")
        .time("now-24h", "now")
        .timezone("browser")
        .readonly()
    )


def site_variable() -> dashboard.QueryVariable:
    """Return the choice of one site."""
    return _variable("site", "Site", _SQL_SITE)


def panel_variable() -> dashboard.QueryVariable:
    """Return the choice of one of its panels."""
    return _variable("panel", "Panel", _SQL_PANEL)


def _variable(name: str, label: str, sql: str) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(POSTGRES)
        .query(sql)
        .refresh(VariableRefresh.ON_DASHBOARD_LOAD)
        .sort(VariableSort.DISABLED)
        .multi(multi=False)
        .include_all(include_all=False)
    )


def alert_annotations() -> dashboard.AnnotationQuery:
    """Return alerts as spans in every chart; one that is open goes on until now."""
    return (
        dashboard.AnnotationQuery()
        .name("Alerts")
        .datasource(POSTGRES)
        .enable(enable=True)
        .icon_color("orange")
        .target(Sql(_SQL_ALERTS, kind="table"))  # type: ignore[arg-type]
    )


def figure(title: str, *, description: str, unit: str, sql: str) -> stat.Panel:
    """Return one figure, which ignores the chosen time."""
    return _common(
        stat.Panel().height(4).span(4), title=title, description=description, unit=unit
    ).with_target(Sql(sql, kind="table"))


def chart(
    title: str,
    *,
    description: str,
    unit: str,
    query: Sql | Promql,
    source: DataSourceRef = POSTGRES,
) -> timeseries.Panel:
    """Return a chart over time, in which a gap is a gap."""
    return (
        _common(
            timeseries.Panel().height(TALL).span(HALF).interval("1m").span_nulls(span_nulls=False),
            title=title,
            description=description,
            unit=unit,
            source=source,
        )
        .line_width(1)
        .fill_opacity(8)
        .with_target(query)
    )


def rows(title: str, *, description: str, sql: str, span: int = WIDE) -> table.Panel:
    """Return a table."""
    return _common(
        table.Panel().height(TALL).span(span), title=title, description=description, unit="short"
    ).with_target(Sql(sql, kind="table"))


def _common(
    panel: Kind,
    *,
    title: str,
    description: str,
    unit: str,
    source: DataSourceRef = POSTGRES,
) -> Kind:
    return (
        panel.title(title).description(description).unit(unit).no_value(NOTHING).datasource(source)
    )
