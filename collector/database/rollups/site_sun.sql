-- By the hour: those with sun, measured or told by the median panel, and whether each panel gave anything in them.
INSERT INTO rollup.site_sun (site_key, day, known_watt_seconds, producing_watt_seconds)
WITH due AS MATERIALIZED (
    {due}
),
hour AS MATERIALIZED (
    SELECT due.site_key,
           due.date,
           step.bucket,
           step.covered_seconds,
           coalesce(nullif(rated_watts, 0), 1) AS weight,
           step.power_sum_mw::double precision / step.power_samples / 1000.0 AS watts,
           rated_watts
    FROM due
    JOIN panel USING (site_key)
    CROSS JOIN LATERAL (
        SELECT *
        FROM rollup.panel_1h AS kept
        WHERE kept.panel_key = panel.panel_key AND bucket >= due.starts AND bucket < due.ends AND power_samples > 0
    ) AS step
),
measured AS (
    SELECT due.site_key, time_bucket('1 hour', time) AS bucket, avg(irradiance_mw_m2::double precision) / 1000.0 AS w_m2
    FROM due
    JOIN weather ON weather.site_key = due.site_key AND time >= due.starts AND time < due.ends AND irradiance_mw_m2 IS NOT NULL
    GROUP BY 1, 2
),
told AS (
    SELECT site_key, bucket, 1000.0 * percentile_cont(0.5) WITHIN GROUP (ORDER BY watts / nullif(rated_watts, 0)) AS w_m2
    FROM hour
    GROUP BY 1, 2
),
sun AS (
    SELECT site_key, bucket
    FROM told
    FULL JOIN measured USING (site_key, bucket)
    WHERE coalesce(measured.w_m2, told.w_m2) >= %(least_w_m2)s
)
SELECT due.site_key,
       due.date,
       coalesce(sum(weight * covered_seconds), 0),
       coalesce(sum(weight * covered_seconds) FILTER (WHERE watts >= greatest(%(least_share)s * rated_watts, 0.001)), 0)
FROM due
LEFT JOIN (hour JOIN sun USING (site_key, bucket)) USING (site_key, date)
GROUP BY due.site_key, due.date
ON CONFLICT (site_key, day) DO UPDATE
SET known_watt_seconds = excluded.known_watt_seconds, producing_watt_seconds = excluded.producing_watt_seconds
