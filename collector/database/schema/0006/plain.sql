-- PostgreSQL without TimescaleDB: aggregates in tables, which a job of the collector keeps up to date.
--
-- What the job has not come to yet (`rollup.progress` says how far it is) is computed when asked, as
-- TimescaleDB's real-time aggregates do; the names and columns of 0001 stay.

CREATE TABLE rollup.minute AS SELECT * FROM reading_1m WITH NO DATA;
CREATE TABLE rollup.hour AS SELECT * FROM reading_1h WITH NO DATA;
CREATE TABLE rollup.day AS SELECT * FROM reading_1d WITH NO DATA;
ALTER TABLE rollup.minute ADD PRIMARY KEY (panel_key, bucket);
ALTER TABLE rollup.hour ADD PRIMARY KEY (panel_key, bucket);
ALTER TABLE rollup.day ADD PRIMARY KEY (panel_key, bucket);

CREATE OR REPLACE VIEW reading_1m AS
SELECT * FROM rollup.minute WHERE bucket < (SELECT minutes_until FROM rollup.progress)
UNION ALL
SELECT panel_key,
           time_bucket('1 minute', time) AS bucket,
           count(*) AS samples,
           count(power_mw) AS power_samples,
           sum(power_mw) AS power_sum_mw,
           min(power_mw) AS power_min_mw,
           max(power_mw) AS power_max_mw,
           count(temperature_mc) AS temperature_samples,
           sum(temperature_mc) AS temperature_sum_mc,
           min(temperature_mc) AS temperature_min_mc,
           max(temperature_mc) AS temperature_max_mc,
           count(voltage_mv) AS voltage_samples,
           sum(voltage_mv) AS voltage_sum_mv,
           count(current_ma) AS current_samples,
           sum(current_ma) AS current_sum_ma,
           bit_or(quality) AS quality,
           sum(power_mw) / count(power_mw)::double precision / 60000.0 AS energy_wh,
           60::bigint AS covered_seconds
FROM reading_raw
WHERE time >= (SELECT minutes_until FROM rollup.progress)
GROUP BY 1, 2;

CREATE OR REPLACE FUNCTION reading_1m_between(starts timestamptz, ends timestamptz) RETURNS SETOF reading_1m
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT *
    FROM rollup.minute
    WHERE bucket >= starts AND bucket < ends AND bucket < (SELECT minutes_until FROM rollup.progress)
    UNION ALL
    SELECT *
    FROM (
        SELECT panel_key,
               time_bucket('1 minute', time) AS bucket,
               count(*) AS samples,
               count(power_mw) AS power_samples,
               sum(power_mw) AS power_sum_mw,
               min(power_mw) AS power_min_mw,
               max(power_mw) AS power_max_mw,
               count(temperature_mc) AS temperature_samples,
               sum(temperature_mc) AS temperature_sum_mc,
               min(temperature_mc) AS temperature_min_mc,
               max(temperature_mc) AS temperature_max_mc,
               count(voltage_mv) AS voltage_samples,
               sum(voltage_mv) AS voltage_sum_mv,
               count(current_ma) AS current_samples,
               sum(current_ma) AS current_sum_ma,
               bit_or(quality) AS quality,
               sum(power_mw) / count(power_mw)::double precision / 60000.0 AS energy_wh,
               60::bigint AS covered_seconds
        FROM reading_raw
        WHERE time >= starts
          AND time >= (SELECT minutes_until FROM rollup.progress)
          AND time < ends + INTERVAL '1 minute'
        GROUP BY 1, 2
    ) AS step
    WHERE bucket >= starts AND bucket < ends
$$;

CREATE OR REPLACE VIEW reading_1h AS
SELECT * FROM rollup.hour WHERE bucket < (SELECT hours_until FROM rollup.progress)
UNION ALL
SELECT panel_key,
           time_bucket('1 hour', bucket) AS bucket,
           sum(samples)::bigint AS samples,
           sum(power_samples)::bigint AS power_samples,
           sum(power_sum_mw)::bigint AS power_sum_mw,
           min(power_min_mw) AS power_min_mw,
           max(power_max_mw) AS power_max_mw,
           sum(temperature_samples)::bigint AS temperature_samples,
           sum(temperature_sum_mc)::bigint AS temperature_sum_mc,
           min(temperature_min_mc) AS temperature_min_mc,
           max(temperature_max_mc) AS temperature_max_mc,
           sum(voltage_samples)::bigint AS voltage_samples,
           sum(voltage_sum_mv)::bigint AS voltage_sum_mv,
           sum(current_samples)::bigint AS current_samples,
           sum(current_sum_ma)::bigint AS current_sum_ma,
           bit_or(quality) AS quality,
           sum(energy_wh) AS energy_wh,
           sum(covered_seconds)::bigint AS covered_seconds
FROM reading_1m
WHERE bucket >= (SELECT hours_until FROM rollup.progress)
GROUP BY 1, 2;

CREATE OR REPLACE FUNCTION reading_1h_between(starts timestamptz, ends timestamptz) RETURNS SETOF reading_1h
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT *
    FROM rollup.hour
    WHERE bucket >= starts AND bucket < ends AND bucket < (SELECT hours_until FROM rollup.progress)
    UNION ALL
    SELECT *
    FROM (
        SELECT panel_key,
               time_bucket('1 hour', bucket) AS bucket,
               sum(samples)::bigint AS samples,
               sum(power_samples)::bigint AS power_samples,
               sum(power_sum_mw)::bigint AS power_sum_mw,
               min(power_min_mw) AS power_min_mw,
               max(power_max_mw) AS power_max_mw,
               sum(temperature_samples)::bigint AS temperature_samples,
               sum(temperature_sum_mc)::bigint AS temperature_sum_mc,
               min(temperature_min_mc) AS temperature_min_mc,
               max(temperature_max_mc) AS temperature_max_mc,
               sum(voltage_samples)::bigint AS voltage_samples,
               sum(voltage_sum_mv)::bigint AS voltage_sum_mv,
               sum(current_samples)::bigint AS current_samples,
               sum(current_sum_ma)::bigint AS current_sum_ma,
               bit_or(quality) AS quality,
               sum(energy_wh) AS energy_wh,
               sum(covered_seconds)::bigint AS covered_seconds
        FROM reading_1m_between(starts, ends + INTERVAL '1 hour')
        WHERE bucket >= (SELECT hours_until FROM rollup.progress)
        GROUP BY 1, 2
    ) AS step
    WHERE bucket >= starts AND bucket < ends
$$;

CREATE OR REPLACE VIEW reading_1d AS
SELECT * FROM rollup.day WHERE bucket < (SELECT days_until FROM rollup.progress)
UNION ALL
SELECT panel_key,
           time_bucket('1 day', bucket) AS bucket,
           sum(samples)::bigint AS samples,
           sum(power_samples)::bigint AS power_samples,
           sum(power_sum_mw)::bigint AS power_sum_mw,
           min(power_min_mw) AS power_min_mw,
           max(power_max_mw) AS power_max_mw,
           sum(temperature_samples)::bigint AS temperature_samples,
           sum(temperature_sum_mc)::bigint AS temperature_sum_mc,
           min(temperature_min_mc) AS temperature_min_mc,
           max(temperature_max_mc) AS temperature_max_mc,
           sum(voltage_samples)::bigint AS voltage_samples,
           sum(voltage_sum_mv)::bigint AS voltage_sum_mv,
           sum(current_samples)::bigint AS current_samples,
           sum(current_sum_ma)::bigint AS current_sum_ma,
           bit_or(quality) AS quality,
           sum(energy_wh) AS energy_wh,
           sum(covered_seconds)::bigint AS covered_seconds
FROM reading_1h
WHERE bucket >= (SELECT days_until FROM rollup.progress)
GROUP BY 1, 2;

CREATE OR REPLACE FUNCTION reading_1d_between(starts timestamptz, ends timestamptz) RETURNS SETOF reading_1d
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT *
    FROM rollup.day
    WHERE bucket >= starts AND bucket < ends AND bucket < (SELECT days_until FROM rollup.progress)
    UNION ALL
    SELECT *
    FROM (
        SELECT panel_key,
               time_bucket('1 day', bucket) AS bucket,
               sum(samples)::bigint AS samples,
               sum(power_samples)::bigint AS power_samples,
               sum(power_sum_mw)::bigint AS power_sum_mw,
               min(power_min_mw) AS power_min_mw,
               max(power_max_mw) AS power_max_mw,
               sum(temperature_samples)::bigint AS temperature_samples,
               sum(temperature_sum_mc)::bigint AS temperature_sum_mc,
               min(temperature_min_mc) AS temperature_min_mc,
               max(temperature_max_mc) AS temperature_max_mc,
               sum(voltage_samples)::bigint AS voltage_samples,
               sum(voltage_sum_mv)::bigint AS voltage_sum_mv,
               sum(current_samples)::bigint AS current_samples,
               sum(current_sum_ma)::bigint AS current_sum_ma,
               bit_or(quality) AS quality,
               sum(energy_wh) AS energy_wh,
               sum(covered_seconds)::bigint AS covered_seconds
        FROM reading_1h_between(starts, ends + INTERVAL '1 day')
        WHERE bucket >= (SELECT days_until FROM rollup.progress)
        GROUP BY 1, 2
    ) AS step
    WHERE bucket >= starts AND bucket < ends
$$;

-- What is in tables, without what is computed when asked: dashboards ask for many panels at once.
CREATE VIEW rollup.panel_1m AS SELECT * FROM rollup.minute WHERE bucket < (SELECT minutes_until FROM rollup.progress);
CREATE VIEW rollup.panel_1h AS SELECT * FROM rollup.hour WHERE bucket < (SELECT hours_until FROM rollup.progress);
