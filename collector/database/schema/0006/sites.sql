-- The aggregates of sites in a period; see 0001/ranges_plain.sql for why these are functions.
--
-- They are as of the newest whole minute. Only where the job is behind, or has never run, are the
-- readings of all panels of the time it has not come to asked.

CREATE FUNCTION site_1m_between(starts timestamptz, ends timestamptz) RETURNS SETOF rollup.site_1m
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT *
    FROM rollup.site_1m
    WHERE bucket >= starts AND bucket < ends AND bucket < (SELECT minutes_until FROM rollup.progress)
    UNION ALL
    SELECT site_key,
           bucket,
           least(count(nullif(power_samples, 0)), 1),
           sum(power_sum_mw::double precision / nullif(power_samples, 0)),
           sum(power_sum_mw::double precision / nullif(power_samples, 0)),
           sum(power_sum_mw::double precision / nullif(power_samples, 0)),
           sum(temperature_samples)::bigint,
           sum(temperature_sum_mc)::bigint,
           sum(samples)::bigint,
           sum(energy_wh),
           sum(covered_seconds)::bigint
    FROM panel
    CROSS JOIN LATERAL (
        SELECT *
        FROM reading_1m_between(starts, ends) AS minute
        WHERE minute.panel_key = panel.panel_key AND bucket >= (SELECT minutes_until FROM rollup.progress)
    ) AS step
    WHERE (SELECT minutes_until < now() - INTERVAL '3 minutes' FROM rollup.progress)
    GROUP BY 1, 2
$$;

CREATE FUNCTION site_1h_between(starts timestamptz, ends timestamptz) RETURNS SETOF rollup.site_1h
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT *
    FROM rollup.site_1h
    WHERE bucket >= starts AND bucket < ends AND bucket < (SELECT hours_until FROM rollup.progress)
    UNION ALL
    SELECT *
    FROM (
        SELECT site_key,
               time_bucket('1 hour', bucket) AS bucket,
               sum(minutes)::bigint AS minutes,
               sum(power_sum_mw) AS power_sum_mw,
               min(power_min_mw) AS power_min_mw,
               max(power_max_mw) AS power_max_mw,
               sum(temperature_samples)::bigint AS temperature_samples,
               sum(temperature_sum_mc)::bigint AS temperature_sum_mc,
               sum(samples)::bigint AS samples,
               sum(energy_wh) AS energy_wh,
               sum(covered_seconds)::bigint AS covered_seconds
        FROM site_1m_between(starts, ends + INTERVAL '1 hour')
        WHERE bucket >= (SELECT hours_until FROM rollup.progress)
        GROUP BY 1, 2
    ) AS step
    WHERE bucket >= starts AND bucket < ends
$$;

CREATE FUNCTION site_1d_between(starts timestamptz, ends timestamptz) RETURNS SETOF rollup.site_1d
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT *
    FROM rollup.site_1d
    WHERE bucket >= starts AND bucket < ends AND bucket < (SELECT days_until FROM rollup.progress)
    UNION ALL
    SELECT *
    FROM (
        SELECT site_key,
               time_bucket('1 day', bucket) AS bucket,
               sum(minutes)::bigint AS minutes,
               sum(power_sum_mw) AS power_sum_mw,
               min(power_min_mw) AS power_min_mw,
               max(power_max_mw) AS power_max_mw,
               sum(temperature_samples)::bigint AS temperature_samples,
               sum(temperature_sum_mc)::bigint AS temperature_sum_mc,
               sum(samples)::bigint AS samples,
               sum(energy_wh) AS energy_wh,
               sum(covered_seconds)::bigint AS covered_seconds
        FROM site_1h_between(starts, ends + INTERVAL '1 day')
        WHERE bucket >= (SELECT days_until FROM rollup.progress)
        GROUP BY 1, 2
    ) AS step
    WHERE bucket >= starts AND bucket < ends
$$;
