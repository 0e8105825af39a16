-- The minutes of sites; their hours and days are made of them.
--
-- They are as of the newest whole minute. Only where the job is behind what it has heard of, the readings it
-- has not come to are asked for, panel by panel: they are indexed by panel first.
CREATE OR REPLACE FUNCTION site_1m_between(starts timestamptz, ends timestamptz) RETURNS SETOF rollup.site_1m
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT *
    FROM rollup.site_1m
    WHERE bucket >= starts AND bucket < ends AND bucket < (SELECT minutes_until FROM rollup.progress)
    UNION ALL
    SELECT site_key,
           bucket,
           least(count(power_mw), 1),
           sum(power_mw),
           sum(power_mw),
           sum(power_mw),
           sum(temperature_samples)::bigint,
           sum(temperature_sum_mc)::bigint,
           sum(samples)::bigint,
           sum(power_mw) / 60000.0,
           60 * count(power_mw)
    FROM panel
    CROSS JOIN LATERAL (
        SELECT time_bucket('1 minute', time) AS bucket,
               count(*) AS samples,
               sum(raw.power_mw) / count(raw.power_mw)::double precision AS power_mw,
               count(temperature_mc) AS temperature_samples,
               sum(temperature_mc) AS temperature_sum_mc
        FROM reading_raw AS raw
        WHERE raw.panel_key = panel.panel_key
          AND time >= starts
          AND time >= (SELECT minutes_until FROM rollup.progress)
          AND time < ends + INTERVAL '1 minute'
        GROUP BY 1
    ) AS minute
    WHERE bucket >= starts
      AND bucket < ends
      AND (
          SELECT minutes_until < now() - INTERVAL '3 minutes'
             AND minutes_until <= greatest(reaches, (SELECT max(last_at) FROM rollup.touched))
          FROM rollup.progress
      )
    GROUP BY 1, 2
$$;

-- What the overview of all sites sums up.
CREATE INDEX panel_rated ON panel (site_key) INCLUDE (rated_watts);
