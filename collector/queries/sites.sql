WITH chosen AS (
    SELECT *, date_trunc('day', CAST(:now AS timestamptz) AT TIME ZONE timezone) AT TIME ZONE timezone AS midnight
    FROM site
    WHERE (CAST(:site AS text) IS NULL OR site = :site) AND site > CAST(:after AS text)
    ORDER BY site
    LIMIT CAST(:limit AS bigint)
),
newest AS (
    SELECT panel.site_key,
           count(*) AS panel_count,
           sum(panel.rated_watts) / 1000.0::double precision AS rated_kwp,
           sum(last.power_mw) FILTER (WHERE last.time >= CAST(:now AS timestamptz) - INTERVAL '2 minutes') / 1000.0::double precision AS power_watts,
           count(last.time) FILTER (WHERE last.time >= CAST(:now AS timestamptz) - INTERVAL '2 minutes') AS panels_reporting,
           max(last.time) AS last_reading_at
    FROM chosen
    JOIN panel USING (site_key)
    LEFT JOIN LATERAL (
        SELECT time, power_mw FROM reading_raw AS raw WHERE raw.panel_key = panel.panel_key ORDER BY time DESC LIMIT 1
    ) AS last ON true
    GROUP BY 1
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
)
SELECT site, name, latitude, longitude, timezone,
       coalesce(panel_count, 0) AS panel_count,
       coalesce(panels_reporting, 0) AS panels_reporting,
       rated_kwp,
       power_watts,
       energy_wh AS energy_today_wh,
       jsonb_build_object(
           'info', coalesce(info, 0), 'low', coalesce(low, 0), 'medium', coalesce(medium, 0),
           'high', coalesce(high, 0), 'critical', coalesce(critical, 0)
       ) AS open_alerts,
       last_reading_at,
       (SELECT max(last_seen_at) FROM gateway WHERE gateway.site_key = chosen.site_key AND revoked_at IS NULL) AS gateway_last_seen_at
FROM chosen
LEFT JOIN newest USING (site_key)
-- For each site by itself: joined, the aggregates of all sites would be looked at.
-- The hours of today where the site's day begins with an hour of UTC, else its minutes.
CROSS JOIN LATERAL (
    SELECT sum(made.energy_wh) AS energy_wh
    FROM (
        SELECT hour.energy_wh
        FROM site_1h_between(chosen.midnight, CAST(:now AS timestamptz) + INTERVAL '1 hour') AS hour
        WHERE hour.site_key = chosen.site_key AND date_part('minute', chosen.midnight) = 0
        UNION ALL
        SELECT minute.energy_wh
        FROM site_1m_between(chosen.midnight, CAST(:now AS timestamptz) + INTERVAL '1 hour') AS minute
        WHERE minute.site_key = chosen.site_key AND date_part('minute', chosen.midnight) <> 0
    ) AS made
) AS energy
LEFT JOIN alerts USING (site_key)
ORDER BY site
