-- Hours as far as they are whole, their minutes after that; all minutes where days begin amid an hour.
-- Only of sites for which it is not as of the newest minute yet.
INSERT INTO rollup.site_now AS kept (site_key, as_of, today, today_wh, yesterday_wh, today_seconds, yesterday_seconds, power_at, power_mw)
WITH reached AS (
    SELECT minutes_until, hours_until FROM rollup.progress
),
chosen AS (
    SELECT site_key,
           date_trunc('day', %(now)s::timestamptz AT TIME ZONE timezone) AT TIME ZONE timezone AS today,
           (date_trunc('day', %(now)s::timestamptz AT TIME ZONE timezone) - INTERVAL '1 day') AT TIME ZONE timezone AS yesterday
    FROM site
    LEFT JOIN rollup.site_now AS before USING (site_key)
    WHERE before.as_of IS DISTINCT FROM (SELECT minutes_until FROM reached)
)
SELECT site_key,
       (SELECT minutes_until FROM reached),
       today,
       sum(energy_wh) FILTER (WHERE step.bucket >= today),
       sum(energy_wh) FILTER (WHERE step.bucket < today),
       sum(covered_seconds) FILTER (WHERE step.bucket >= today),
       sum(covered_seconds) FILTER (WHERE step.bucket < today),
       newest.bucket,
       newest.power_sum_mw
FROM chosen
LEFT JOIN LATERAL (
    SELECT bucket, power_sum_mw
    FROM rollup.site_1m AS minute
    WHERE minute.site_key = chosen.site_key AND bucket < (SELECT minutes_until FROM reached)
    ORDER BY bucket DESC
    LIMIT 1
) AS newest ON true
LEFT JOIN LATERAL (
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
) AS step ON true
GROUP BY site_key, today, yesterday, newest.bucket, newest.power_sum_mw
ON CONFLICT (site_key) DO UPDATE
SET as_of = excluded.as_of, today = excluded.today, today_wh = excluded.today_wh,
    yesterday_wh = excluded.yesterday_wh, today_seconds = excluded.today_seconds,
    yesterday_seconds = excluded.yesterday_seconds, power_at = excluded.power_at, power_mw = excluded.power_mw
