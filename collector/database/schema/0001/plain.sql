-- PostgreSQL without TimescaleDB: what its queries need, computed when asked.

CREATE FUNCTION time_bucket(bucket_width interval, ts timestamptz) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN date_bin(bucket_width, ts, timestamptz '2000-01-03 00:00+00');

CREATE INDEX reading_raw_by_time ON reading_raw USING brin (time) WITH (autosummarize = on);

-- Sums stay integers (avg(int4) is numeric and slow). A minute that has a reading counts as covered, so a
-- gap of over a minute adds neither energy nor coverage; energy is mean power of covered minutes over time.
-- All buckets are of UTC.

CREATE VIEW reading_1m AS
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
GROUP BY 1, 2;

CREATE VIEW reading_1h AS
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
GROUP BY 1, 2;

CREATE VIEW reading_1d AS
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
GROUP BY 1, 2;
