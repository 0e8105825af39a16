"""The dashboards of the fleet, a site and a panel."""

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.builders.timeseries import Panel

from deploy.grafana.parts import (
    alert_annotations,
    board,
    chart,
    figure,
    panel_variable,
    rows,
    site_variable,
)
from deploy.grafana.queries import Sql


def fleet() -> Dashboard:
    """Return what needs somebody, site by site."""
    return (
        board("fleet", title="Fleet", description="Every site: power, energy, alerts, gateways.")
        .with_panel(
            figure(
                "Power now",
                description="Sum of the sites heard in the last 5 minutes.",
                unit="watt",
                sql="SELECT sum(power_watts) AS power FROM dashboards.site_now "
                "WHERE power_at > now() - interval '5 minutes'",
            )
        )
        .with_panel(
            figure(
                "Energy today",
                description="Since each site's own midnight.",
                unit="watth",
                sql="SELECT sum(energy_today_wh) AS energy FROM dashboards.site_now",
            )
        )
        .with_panel(
            figure(
                "Open alerts",
                description="Not resolved, of all severities.",
                unit="short",
                sql="SELECT count(*) AS alerts FROM dashboards.alert WHERE state <> 'resolved'",
            )
        )
        .with_panel(
            figure(
                "Sites silent",
                description="Sites with a gateway that was not heard for 15 minutes.",
                unit="short",
                sql="SELECT count(DISTINCT site) AS sites FROM dashboards.gateway "
                "WHERE (last_seen_at > now() - interval '15 minutes') IS NOT TRUE",
            )
        )
        .with_panel(
            rows(
                "Sites",
                description="The chosen time's whole hours; those with the most alerts first.",
                sql="""
SELECT site.name AS "Site", site.site AS "Id", energy.energy_wh / 1000.0 AS "Energy kWh",
       energy.energy_wh / 1000.0 / nullif(site.rated_kwp, 0) AS "kWh/kWp",
       energy.covered / nullif(site.panels * energy.seconds, 0) AS "Completeness",
       coalesce(alert.open, 0) AS "Open alerts"
FROM dashboards.site
LEFT JOIN (SELECT site, sum(energy_wh) AS energy_wh,
                  sum(covered_seconds)::double precision AS covered,
                  count(DISTINCT bucket) * 3600 AS seconds
           FROM dashboards.site_hour
           WHERE $__timeFilter(bucket) GROUP BY site) AS energy USING (site)
LEFT JOIN (SELECT site, count(*) AS open FROM dashboards.alert
           WHERE state <> 'resolved' GROUP BY site) AS alert USING (site)
ORDER BY 6 DESC, 1 LIMIT 1000
""",
            )
        )
        .with_panel(
            chart(
                "Power of the ten largest sites",
                description="Mean power; a gap is a gap.",
                unit="watt",
                query=Sql("""
SELECT $__timeGroup(bucket, $__interval) AS time, site AS metric, avg(power_watts) AS value
FROM dashboards.site_minute
WHERE $__timeFilter(bucket)
  AND site IN (SELECT site FROM dashboards.site ORDER BY rated_kwp DESC NULLS LAST LIMIT 10)
GROUP BY 1, 2 ORDER BY 1
"""),
            )
        )
    )


def site() -> Dashboard:
    """Return one site and its panels."""
    return (
        board("site", title="Site", description="One site: power, energy by day, its panels.")
        .with_variable(site_variable())
        .annotation(alert_annotations())
        .with_panel(
            chart(
                "Power",
                description="Sum of the panels, by minute.",
                unit="watt",
                query=Sql("""
SELECT $__timeGroup(bucket, $__interval) AS time, avg(power_watts) AS "mean",
       min(power_watts) AS "least", max(power_watts) AS "most"
FROM dashboards.site_minute
WHERE site = ${site:sqlstring} AND $__timeFilter(bucket) GROUP BY 1 ORDER BY 1
"""),
            )
        )
        .with_panel(
            chart(
                "Energy by day",
                description="Days of the site's own zone.",
                unit="watth",
                query=Sql("""
SELECT date_trunc('day', bucket, timezone) AS time, sum(energy_wh) AS "energy"
FROM dashboards.site_hour JOIN dashboards.site USING (site)
WHERE site = ${site:sqlstring} AND $__timeFilter(bucket) GROUP BY 1 ORDER BY 1
"""),
            )
        )
        .with_panel(
            chart(
                "Availability by day",
                description="Of its hours in sun, the share in which its panels produced.",
                unit="percent",
                query=Sql("""
SELECT day::timestamp AT TIME ZONE timezone AS time, availability_percentage AS "availability"
FROM dashboards.site_day JOIN dashboards.site USING (site)
WHERE site = ${site:sqlstring}
  AND day >= ($__timeFrom()::timestamptz AT TIME ZONE timezone)::date
  AND day <= ($__timeTo()::timestamptz AT TIME ZONE timezone)::date
ORDER BY 1
"""),
            )
        )
        .with_panel(
            rows(
                "Panels, the weakest first",
                description="Energy of whole hours, beside the median of the group.",
                sql="""
SELECT panel AS "Panel", panel_group AS "Group", energy AS "Energy Wh",
       energy / nullif(percentile, 0) AS "Of the median"
FROM (SELECT panel, coalesce(panel_group, '') AS panel_group, sum(energy_wh) AS energy
      FROM dashboards.panel_hour
      WHERE site = ${site:sqlstring} AND $__timeFilter(bucket) GROUP BY 1, 2) AS own
JOIN (SELECT panel_group, percentile_cont(0.5) WITHIN GROUP (ORDER BY energy) AS percentile
      FROM (SELECT panel, coalesce(panel_group, '') AS panel_group, sum(energy_wh) AS energy
      FROM dashboards.panel_hour
            WHERE site = ${site:sqlstring} AND $__timeFilter(bucket) GROUP BY 1, 2) AS each
      GROUP BY 1) AS median USING (panel_group)
ORDER BY 4 NULLS LAST, 1 LIMIT 2000
""",
            )
        )
    )


def panel() -> Dashboard:
    """Return one panel beside its siblings."""
    return (
        board(
            "panel", title="Panel", description="One panel: power, voltage, current, temperature."
        )
        .with_variable(site_variable())
        .with_variable(panel_variable())
        .annotation(alert_annotations())
        .with_panel(
            chart(
                "Power",
                description="Mean, least and most by minute or longer.",
                unit="watt",
                query=Sql(
                    'SELECT $__timeGroup(bucket, $__interval) AS time, avg(power_watts) AS "mean", '
                    'min(min_power_watts) AS "least", max(max_power_watts) AS "most"' + _OF_PANEL
                ),
            )
        )
        .with_panel(
            chart(
                "Siblings",
                description="The median of the other panels of its group, by hour.",
                unit="watt",
                query=Sql("""
SELECT bucket AS time,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY power_watts)
           FILTER (WHERE panel <> ${panel:sqlstring}) AS "median of siblings",
       max(power_watts) FILTER (WHERE panel = ${panel:sqlstring}) AS "panel"
FROM dashboards.panel_hour
WHERE site = ${site:sqlstring} AND $__timeFilter(bucket) AND panel_group IS NOT DISTINCT FROM (
    SELECT panel_group FROM dashboards.panel
    WHERE site = ${site:sqlstring} AND panel = ${panel:sqlstring})
GROUP BY 1 ORDER BY 1
"""),
            )
        )
        .with_panel(_quantity("Voltage", "volt", "voltage_volts"))
        .with_panel(_quantity("Current", "amp", "current_amperes"))
        .with_panel(_quantity("Temperature", "celsius", "temperature_celsius"))
        .with_panel(
            chart(
                "Completeness",
                description="The share of minutes with readings.",
                unit="percentunit",
                query=Sql(
                    "SELECT bucket AS time, covered_seconds / 3600.0 AS completeness "
                    "FROM dashboards.panel_hour WHERE site = ${site:sqlstring} "
                    "AND panel = ${panel:sqlstring} AND $__timeFilter(bucket) ORDER BY 1"
                ),
            )
        )
    )


_OF_PANEL = (
    " FROM dashboards.panel_minute WHERE site = ${site:sqlstring} AND panel = ${panel:sqlstring} "
    "AND $__timeFilter(bucket) GROUP BY 1 ORDER BY 1"
)


def _quantity(title: str, unit: str, column: str) -> Panel:
    sql = f"SELECT $__timeGroup(bucket, $__interval) AS time, avg({column}) AS {column}"
    return chart(title, description="Mean.", unit=unit, query=Sql(sql + _OF_PANEL))
