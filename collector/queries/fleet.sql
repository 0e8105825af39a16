-- All of it is read from small tables, however many sites and readings there are. Where midnight has
-- passed since the job looked, what it called today is yesterday.
-- Days are told once for each time zone: for each site that took a third of the time.
WITH zone AS MATERIALIZED (
    SELECT timezone,
           midnight AT TIME ZONE timezone AS today,
           (midnight - INTERVAL '1 day') AT TIME ZONE timezone AS yesterday,
           midnight::date - 1 AS date_yesterday
    FROM (SELECT DISTINCT timezone FROM site) AS known
    CROSS JOIN LATERAL (SELECT date_trunc('day', CAST(:now AS timestamptz) AT TIME ZONE timezone) AS midnight) AS local
),
chosen AS (
    SELECT *
    FROM site
    JOIN zone USING (timezone)
    WHERE site > CAST(:after AS text)
    ORDER BY site
    LIMIT :limit
),
alerts AS (
    SELECT site_key,
           count(*) FILTER (WHERE severity = 'info') AS info,
           count(*) FILTER (WHERE severity = 'low') AS low,
           count(*) FILTER (WHERE severity = 'medium') AS medium,
           count(*) FILTER (WHERE severity = 'high') AS high,
           count(*) FILTER (WHERE severity = 'critical') AS critical
    FROM alert
    WHERE state <> 'resolved'
    GROUP BY 1
),
gateways AS (
    SELECT site_key,
           count(*) AS gateways,
           count(*) FILTER (WHERE (last_seen_at > CAST(:now AS timestamptz) - INTERVAL '15 minutes') IS NOT TRUE) AS silent,
           count(*) FILTER (WHERE CASE WHEN jsonb_typeof(health -> 'outbox_rows') = 'number' THEN (health ->> 'outbox_rows')::numeric > 0 END) AS behind,
           max(last_seen_at) AS last_seen_at
    FROM gateway
    WHERE revoked_at IS NULL
    GROUP BY 1
)
SELECT site, name, latitude, longitude, timezone,
       panel_count,
       rated_kwp,
       CASE WHEN is_new THEN power_mw / 1000.0 END AS power_watts,
       CASE WHEN is_new THEN power_at END AS power_at,
       energy_today_wh,
       energy_yesterday_wh,
       energy_yesterday_wh / nullif(rated_kwp, 0) / 1000.0 AS specific_yield_yesterday_kwh_per_kwp,
       least(seconds_today / nullif(panel_count * greatest(date_part('epoch', as_of - chosen.today), 60), 0), 1) AS completeness_today,
       least(seconds_yesterday / nullif(panel_count * date_part('epoch', chosen.today - yesterday), 0), 1) AS completeness_yesterday,
       producing_watt_seconds / nullif(known_watt_seconds, 0) AS availability_yesterday,
       jsonb_build_object(
           'info', coalesce(info, 0), 'low', coalesce(low, 0), 'medium', coalesce(medium, 0),
           'high', coalesce(high, 0), 'critical', coalesce(critical, 0)
       ) AS open_alerts,
       coalesce(gateways, 0) AS gateways,
       coalesce(silent, 0) AS gateways_silent,
       coalesce(behind, 0) AS gateways_behind,
       last_seen_at AS gateway_last_seen_at
FROM chosen
CROSS JOIN LATERAL (
    SELECT count(*) AS panel_count, sum(rated_watts) / 1000.0::double precision AS rated_kwp
    FROM panel
    WHERE panel.site_key = chosen.site_key
) AS panels
LEFT JOIN rollup.site_now AS kept USING (site_key)
CROSS JOIN LATERAL (
    SELECT power_at >= CAST(:now AS timestamptz) - INTERVAL '5 minutes' AS is_new,
           CASE WHEN kept.today = chosen.today THEN today_wh END AS energy_today_wh,
           CASE WHEN kept.today = chosen.today THEN yesterday_wh WHEN kept.today = yesterday THEN today_wh END AS energy_yesterday_wh,
           CASE WHEN kept.today = chosen.today THEN today_seconds END AS seconds_today,
           CASE WHEN kept.today = chosen.today THEN yesterday_seconds WHEN kept.today = yesterday THEN today_seconds END AS seconds_yesterday
) AS energy
LEFT JOIN rollup.site_sun AS sun ON sun.site_key = chosen.site_key AND sun.day = date_yesterday
LEFT JOIN alerts ON alerts.site_key = chosen.site_key
LEFT JOIN gateways ON gateways.site_key = chosen.site_key
ORDER BY site
