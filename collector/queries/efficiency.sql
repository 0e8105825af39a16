-- Each part is made once: the planner takes them for small and would make them again for every row.
WITH day AS MATERIALIZED (
    SELECT each::date AS date,
           each AT TIME ZONE CAST(:timezone AS text) AS starts,
           (each + INTERVAL '1 day') AT TIME ZONE CAST(:timezone AS text) AS ends
    FROM generate_series(CAST(:first_day AS date)::timestamp, CAST(:last_day AS date)::timestamp, INTERVAL '1 day') AS each
),
own AS MATERIALIZED (
    SELECT day.date,
           time_bucket(make_interval(secs => :step), bucket) AS step,
           sum(energy_wh) AS energy_wh,
           sum(covered_seconds)::double precision AS seconds,
           sum(temperature_sum_mc)::double precision / nullif(sum(temperature_samples), 0)::double precision / 1000.0 AS celsius
    FROM {source}_between(CAST(:start AS timestamptz), CAST(:end AS timestamptz))
    JOIN day ON bucket >= day.starts AND bucket < day.ends
    WHERE panel_key = :panel_key
    GROUP BY 1, 2
),
total AS (
    SELECT date, sum(energy_wh) AS energy_wh, sum(seconds) AS seconds FROM own GROUP BY 1
),
irradiance AS MATERIALIZED (
    SELECT time_bucket(make_interval(secs => :step), time) AS step, avg(irradiance_mw_m2::double precision) / 1000.0 AS w_m2
    FROM weather
    WHERE site_key = :site_key
      AND time >= CAST(:start AS timestamptz)
      AND time < CAST(:end AS timestamptz)
      AND irradiance_mw_m2 IS NOT NULL
    GROUP BY 1
),
-- Both sides of the ratio are of the same seconds: those the panel itself covers.
insolation AS (
    SELECT own.date,
           sum(own.energy_wh) AS energy_wh,
           sum(own.seconds) AS seconds,
           sum(irradiance.w_m2 * own.seconds) / 3600.0 AS wh_m2,
           -- Null where the temperature of any step is not known.
           CASE WHEN bool_and(own.celsius IS NOT NULL)
                THEN sum(irradiance.w_m2 * own.seconds * (1 + :per_kelvin * (own.celsius - 25))) / 3600.0
           END AS corrected_wh_m2
    FROM own
    JOIN irradiance USING (step)
    GROUP BY 1
),
kin AS MATERIALIZED (
    SELECT panel_key, rated_watts
    FROM panel
    WHERE site_key = :site_key
      AND panel_key <> :panel_key
      AND rated_watts > 0
      AND panel_group IS NOT DISTINCT FROM (SELECT panel_group FROM panel WHERE panel_key = :panel_key)
    -- By a hash of the key: spread over the whole group, and the same ones each time.
    ORDER BY hashint4(panel_key)
    LIMIT :siblings
),
sibling AS MATERIALIZED (
    SELECT kin.panel_key, each.step, each.watt_hours_a_second / rated_watts AS pace
    FROM kin
    CROSS JOIN LATERAL (
        SELECT time_bucket(make_interval(secs => :step), bucket) AS step,
               sum(energy_wh) / sum(covered_seconds)::double precision AS watt_hours_a_second
        FROM {source}_between(CAST(:start AS timestamptz), CAST(:end AS timestamptz)) AS made
        WHERE made.panel_key = kin.panel_key
        GROUP BY 1
    ) AS each
),
peer AS (
    SELECT own.date, sibling.panel_key, sum(sibling.pace * own.seconds) AS wh_per_watt, sum(own.seconds) AS seconds
    FROM own
    JOIN sibling USING (step)
    GROUP BY 1, 2
),
peers AS (
    SELECT peer.date, count(*) AS peers, percentile_cont(0.5) WITHIN GROUP (ORDER BY peer.wh_per_watt) AS wh_per_watt
    FROM peer
    JOIN total USING (date)
    WHERE peer.seconds >= 0.9 * total.seconds
    GROUP BY 1
)
SELECT day.date,
       total.energy_wh,
       coalesce(total.seconds, 0) AS covered_seconds,
       greatest(date_part('epoch', least(day.ends, CAST(:now AS timestamptz)) - day.starts), 1) AS elapsed_seconds,
       insolation.energy_wh AS insolation_energy_wh,
       coalesce(insolation.seconds, 0) AS insolation_seconds,
       insolation.wh_m2 AS insolation_wh_m2,
       insolation.corrected_wh_m2 AS insolation_corrected_wh_m2,
       coalesce(peers.peers, 0) AS peers,
       peers.wh_per_watt AS peers_wh_per_watt
FROM day
LEFT JOIN total USING (date)
LEFT JOIN insolation USING (date)
LEFT JOIN peers USING (date)
ORDER BY day.date DESC
