-- Sun by five minutes: where it is measured by its irradiance, else by what a few siblings give of their rated power.
WITH day AS MATERIALIZED (
    SELECT each::date AS date,
           each AT TIME ZONE CAST(:timezone AS text) AS starts,
           (each + INTERVAL '1 day') AT TIME ZONE CAST(:timezone AS text) AS ends
    FROM generate_series(CAST(:first_day AS date)::timestamp, CAST(:last_day AS date)::timestamp, INTERVAL '1 day') AS each
),
own AS MATERIALIZED (
    SELECT time_bucket('5 minutes', bucket) AS step,
           sum(covered_seconds) FILTER (WHERE power_samples > 0) AS known,
           sum(covered_seconds) FILTER (WHERE power_samples > 0 AND power_sum_mw >= CAST(:least_mw AS double precision) * power_samples) AS producing
    FROM reading_1m_between(CAST(:start AS timestamptz), CAST(:end AS timestamptz))
    WHERE panel_key = :panel_key
    GROUP BY 1
),
measured AS MATERIALIZED (
    SELECT time_bucket('5 minutes', time) AS step, avg(irradiance_mw_m2::double precision) / 1000.0 AS w_m2
    FROM weather
    WHERE site_key = :site_key
      AND time >= CAST(:start AS timestamptz)
      AND time < CAST(:end AS timestamptz)
      AND irradiance_mw_m2 IS NOT NULL
    GROUP BY 1
),
kin AS MATERIALIZED (
    SELECT panel_key, rated_watts
    FROM panel
    WHERE site_key = :site_key
      AND panel_key <> :panel_key
      AND rated_watts > 0
      AND panel_group IS NOT DISTINCT FROM (SELECT panel_group FROM panel WHERE panel_key = :panel_key)
    ORDER BY panel_key
    LIMIT :siblings
),
sibling AS (
    SELECT each.step, each.mean_mw / rated_watts AS w_m2
    FROM kin
    CROSS JOIN LATERAL (
        SELECT time_bucket('5 minutes', bucket) AS step,
               sum(power_sum_mw)::double precision / nullif(sum(power_samples), 0)::double precision AS mean_mw
        FROM reading_1m_between(CAST(:start AS timestamptz), CAST(:end AS timestamptz)) AS minute
        WHERE minute.panel_key = kin.panel_key
        GROUP BY 1
    ) AS each
),
seen AS (
    SELECT step, percentile_cont(0.5) WITHIN GROUP (ORDER BY w_m2) AS w_m2 FROM sibling GROUP BY 1
),
sun AS MATERIALIZED (
    SELECT step
    FROM seen
    FULL JOIN measured USING (step)
    WHERE coalesce(measured.w_m2, seen.w_m2) >= CAST(:least_w_m2 AS double precision)
)
SELECT day.date,
       300.0::double precision * count(sun.step) AS sun_seconds,
       coalesce(sum(own.known), 0)::double precision AS known_seconds,
       coalesce(sum(own.producing), 0)::double precision AS producing_seconds
FROM day
LEFT JOIN sun ON sun.step >= day.starts AND sun.step < day.ends
LEFT JOIN own USING (step)
GROUP BY day.date
ORDER BY day.date DESC
