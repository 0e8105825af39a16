"""The dashboards of alerts, of gateways and the pipeline, and of the collector itself."""

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.builders.timeseries import Panel

from deploy.grafana.parts import HALF, board, chart, figure, rows
from deploy.grafana.queries import PROMETHEUS, Promql, Sql


def alerts() -> Dashboard:
    """Return what is open, and how it went."""
    return (
        board("alerts", title="Alerts", description="What is open, how often, how long it takes.")
        .with_panel(
            rows(
                "Open",
                description="The worst first.",
                sql="""
SELECT severity AS "Severity", site AS "Site", panel AS "Panel", title AS "Title", state AS "State",
       raised_at AS "Since", last_seen_at AS "Last seen", received_at AS "Arrived"
FROM dashboards.alert WHERE state <> 'resolved'
ORDER BY array_position(ARRAY['critical','high','medium','low','info'], severity), raised_at
LIMIT 1000
""",
            )
        )
        .with_panel(
            chart(
                "Raised by day",
                description="By kind, at the time it happened.",
                unit="short",
                query=Sql("""
SELECT $__timeGroup(raised_at, '1d') AS time, alert_type AS metric, count(*) AS value
FROM dashboards.alert WHERE $__timeFilter(raised_at) GROUP BY 1, 2 ORDER BY 1
"""),
            )
        )
        .with_panel(
            rows(
                "Time to acknowledge and to resolve",
                description="Of alerts raised in the chosen time, in minutes.",
                span=HALF,
                sql="""
SELECT severity AS "Severity", count(*) AS "Alerts",
       percentile_cont(0.5) WITHIN GROUP (
           ORDER BY extract(epoch FROM acknowledged_at - received_at)) / 60 AS "Acknowledged p50",
       percentile_cont(0.9) WITHIN GROUP (
           ORDER BY extract(epoch FROM resolved_at - received_at)) / 60 AS "Resolved p90",
       avg(CASE WHEN received_at - raised_at > interval '10 minutes' THEN 1 ELSE 0 END) AS "Late"
FROM dashboards.alert WHERE $__timeFilter(raised_at) GROUP BY 1
ORDER BY array_position(ARRAY['critical','high','medium','low','info'], severity)
""",
            )
        )
    )


def gateways() -> Dashboard:
    """Return whether readings come, and what of them was lost."""
    return (
        board(
            "gateways",
            title="Gateways and pipeline",
            description="Who is heard, who is behind, what was lost, how far aggregates are.",
        )
        .with_panel(
            figure(
                "Aggregates behind",
                description="From the newest reading to the newest minute in tables.",
                unit="s",
                sql="SELECT extract(epoch FROM greatest(newest_reading_at - aggregated_until, "
                "interval '0'))::double precision AS behind FROM dashboards.pipeline",
            )
        )
        .with_panel(
            figure(
                "Late hours to do",
                description="Hours of sites whose aggregates are to be made anew.",
                unit="short",
                sql="SELECT late_hours FROM dashboards.pipeline",
            )
        )
        .with_panel(
            chart(
                "Readings",
                description="Stored readings per second, by the time they are of.",
                unit="short",
                query=Sql("""
SELECT $__timeGroup(bucket, '5m') AS time, sum(samples) / 300.0 AS "readings per second"
FROM dashboards.site_minute WHERE $__timeFilter(bucket) GROUP BY 1 ORDER BY 1
"""),
            )
        )
        .with_panel(
            rows(
                "Gateways",
                description="The one that was silent longest first.",
                sql="""
SELECT gateway AS "Gateway", site AS "Site", last_seen_at AS "Last seen",
       backlog_rows AS "Backlog rows", backlog_bytes AS "Backlog bytes",
       clock_offset_seconds AS "Clock s", version AS "Version"
FROM dashboards.gateway ORDER BY last_seen_at NULLS FIRST LIMIT 1000
""",
            )
        )
        .with_panel(
            rows(
                "Declared losses",
                description="What gateways gave up, with the reason.",
                sql="""
SELECT declared_at AS "Declared", gateway AS "Gateway", reason AS "Reason", rows AS "Rows",
       lost_rows AS "Lost for good", from_at AS "From", to_at AS "To"
FROM dashboards.declared_loss WHERE $__timeFilter(declared_at) ORDER BY 1 DESC LIMIT 1000
""",
            )
        )
    )


def collector() -> Dashboard:
    """Return the collector's own figures, from Prometheus."""
    return (
        board("collector", title="Collector", description="The collector itself, from /metrics.")
        .with_panel(
            _prometheus(
                "Readings",
                "short",
                "sum by (verdict) (rate(heliograph_ingest_readings_total[5m]))",
                "{{verdict}}",
            )
        )
        .with_panel(
            _prometheus(
                "Commit, p99",
                "s",
                "histogram_quantile(0.99, "
                "sum by (le) (rate(heliograph_commit_seconds_bucket[5m])))",
                "p99",
            )
        )
        .with_panel(
            _prometheus(
                "Answers, p99 by route",
                "s",
                "histogram_quantile(0.99, sum by (le, route) "
                "(rate(heliograph_request_seconds_bucket[5m])))",
                "{{route}}",
            )
        )
        .with_panel(
            _prometheus(
                "Failures",
                "short",
                "sum by (route, status) "
                '(rate(heliograph_request_seconds_count{status=~"5.."}[5m]))',
                "{{route}} {{status}}",
            )
        )
        .with_panel(_prometheus("Event streams", "short", "sum(heliograph_live_clients)", "open"))
        .with_panel(
            _prometheus(
                "Event streams dropped",
                "short",
                "sum(increase(heliograph_live_dropped_total[5m]))",
                "dropped",
            )
        )
        .with_panel(
            _prometheus(
                "Events waited for a client, p95",
                "s",
                "histogram_quantile(0.95, "
                "sum by (le) (rate(heliograph_live_lag_seconds_bucket[5m])))",
                "p95",
            )
        )
        .with_panel(_prometheus("Exports that run", "short", "sum(heliograph_exports)", "exports"))
        .with_panel(
            _prometheus(
                "Messages to people",
                "short",
                "sum by (outcome) (increase(heliograph_notifications_total[5m]))",
                "{{outcome}}",
            )
        )
        .with_panel(
            _prometheus(
                "Notifications that stand",
                "short",
                "max by (state) (heliograph_notifications_standing)",
                "{{state}}",
            )
        )
    )


def _prometheus(title: str, unit: str, expression: str, legend: str) -> Panel:
    return chart(
        title,
        description="From /metrics, over five minutes.",
        unit=unit,
        query=Promql(expression, legend),
        source=PROMETHEUS,
    )
