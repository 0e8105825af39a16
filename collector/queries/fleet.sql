-- All of it is read from the aggregates of sites and small tables: no raw reading, however many sites.
WITH reached AS (
    SELECT minutes_until, hours_until FROM rollup.progress
),
chosen AS (
    SELECT site.*,
           date_trunc('day', CAST(:now AS timestamptz) AT TIME ZONE timezone) AT TIME ZONE timezone AS today,
           (date_trunc('day', CAST(:now AS timestamptz) AT TIME ZONE timezone) - INTERVAL '1 day') AT TIME ZONE timezone AS yesterday
    FROM site
    WHERE site > CAST(:after AS text)
    ORDER BY site
    LIMIT :limit
),
-- Hours as far as they are whole, their minutes after that; all minutes where days begin amid an hour.
step AS (
    SELECT site_key, bucket, energy_wh, covered_seconds
    FROM chosen
    CROSS JOIN LATERAL (
        SELECT bucket, energy_wh, covered_seconds
        FROM rollup.site_1h AS hour
        WHERE hour.site_key = chosen.site_key
          AND date_part('minute', chosen.today) = 0
          AND bucket >= chosen.yesterday
          AND bucket < (SELECT hours_until FROM reached)
        UNION ALL
        SELECT bucket, energy_wh, covered_seconds
        FROM rollup.site_1m AS minute
        WHERE minute.site_key = chosen.site_key
          AND bucket >= CASE WHEN date_part('minute', chosen.today) = 0
                             THEN greatest(chosen.yesterday, (SELECT hours_until FROM reached))
                             ELSE chosen.yesterday END
          AND bucket < (SELECT minutes_until FROM reached)
    ) AS step
),
energy AS (
    SELECT site_key,
           sum(energy_wh) FILTER (WHERE bucket >= today) AS today_wh,
           sum(energy_wh) FILTER (WHERE bucket < today) AS yesterday_wh,
           sum(covered_seconds) FILTER (WHERE bucket >= today) AS today_seconds,
           sum(covered_seconds) FILTER (WHERE bucket < today) AS yesterday_seconds
    FROM step
    JOIN chosen USING (site_key)
    GROUP BY 1
),
panels AS (
    SELECT site_key, count(*) AS panel_count, sum(rated_watts) / 1000.0::double precision AS rated_kwp
    FROM panel
    JOIN chosen USING (site_key)
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
       coalesce(panel_count, 0) AS panel_count,
       rated_kwp,
       now_.power_sum_mw / 1000.0 AS power_watts,
       now_.bucket AS power_at,
       today_wh AS energy_today_wh,
       yesterday_wh AS energy_yesterday_wh,
       yesterday_wh / nullif(rated_kwp, 0) / 1000.0 AS specific_yield_yesterday_kwh_per_kwp,
       least(today_seconds / nullif(panel_count * greatest(date_part('epoch', (SELECT minutes_until FROM reached) - today), 60), 0), 1) AS completeness_today,
       least(yesterday_seconds / nullif(panel_count * date_part('epoch', today - yesterday), 0), 1) AS completeness_yesterday,
       jsonb_build_object(
           'info', coalesce(info, 0), 'low', coalesce(low, 0), 'medium', coalesce(medium, 0),
           'high', coalesce(high, 0), 'critical', coalesce(critical, 0)
       ) AS open_alerts,
       coalesce(gateways, 0) AS gateways,
       coalesce(silent, 0) AS gateways_silent,
       coalesce(behind, 0) AS gateways_behind,
       last_seen_at AS gateway_last_seen_at
FROM chosen
LEFT JOIN panels USING (site_key)
LEFT JOIN energy USING (site_key)
LEFT JOIN alerts USING (site_key)
LEFT JOIN gateways USING (site_key)
LEFT JOIN LATERAL (
    SELECT bucket, power_sum_mw
    FROM rollup.site_1m AS minute
    WHERE minute.site_key = chosen.site_key
      AND bucket >= (SELECT minutes_until FROM reached) - INTERVAL '3 minutes'
      AND bucket < (SELECT minutes_until FROM reached)
      AND bucket >= CAST(:now AS timestamptz) - INTERVAL '5 minutes'
    ORDER BY bucket DESC
    LIMIT 1
) AS now_ ON true
ORDER BY site
