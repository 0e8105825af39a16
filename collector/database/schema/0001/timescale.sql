-- TimescaleDB: chunks of a day, columns after two, aggregates kept up to date by the database.
--
-- Aggregates are refreshed for almost as long as raw readings are kept, so late ones count; never for
-- longer, because refreshing a time whose raw readings are gone would empty its aggregates.

SELECT create_hypertable('reading_raw', by_range('time', INTERVAL '1 day'), create_default_indexes => false);
SELECT create_hypertable('weather', by_range('time', INTERVAL '1 day'), create_default_indexes => false);
SELECT create_hypertable('meter', by_range('time', INTERVAL '1 day'), create_default_indexes => false);

ALTER TABLE reading_raw SET (timescaledb.enable_columnstore, timescaledb.segmentby = 'panel_key', timescaledb.orderby = 'time');
ALTER TABLE weather SET (timescaledb.enable_columnstore, timescaledb.segmentby = 'site_key', timescaledb.orderby = 'time');
ALTER TABLE meter SET (timescaledb.enable_columnstore, timescaledb.segmentby = 'site_key', timescaledb.orderby = 'time');
CALL add_columnstore_policy('reading_raw', after => INTERVAL '2 days');
CALL add_columnstore_policy('weather', after => INTERVAL '2 days');
CALL add_columnstore_policy('meter', after => INTERVAL '2 days');

SELECT add_retention_policy('reading_raw', drop_after => INTERVAL '30 days');
SELECT add_retention_policy('weather', drop_after => INTERVAL '2 years');
SELECT add_retention_policy('meter', drop_after => INTERVAL '2 years');

-- Sums stay integers (avg(int4) is numeric and slow). A minute that has a reading counts as covered, so a
-- gap of over a minute adds neither energy nor coverage; energy is mean power of covered minutes over time.
-- All buckets are of UTC.

CREATE MATERIALIZED VIEW reading_1m
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
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
GROUP BY 1, 2
WITH NO DATA;

CREATE MATERIALIZED VIEW reading_1h
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
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
GROUP BY 1, 2
WITH NO DATA;

CREATE MATERIALIZED VIEW reading_1d
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
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
GROUP BY 1, 2
WITH NO DATA;

SELECT add_continuous_aggregate_policy('reading_1m', start_offset => INTERVAL '29 days', end_offset => INTERVAL '2 minutes', schedule_interval => INTERVAL '5 minutes');
SELECT add_continuous_aggregate_policy('reading_1h', start_offset => INTERVAL '29 days', end_offset => INTERVAL '1 hour', schedule_interval => INTERVAL '30 minutes');
SELECT add_continuous_aggregate_policy('reading_1d', start_offset => INTERVAL '29 days', end_offset => INTERVAL '1 day', schedule_interval => INTERVAL '6 hours');
-- A refresh works in batches, by default of 10 buckets: with a day of minutes at once they are 144 times fewer.
SELECT alter_job(job_id, config => config || '{"buckets_per_batch": 1440}')
FROM timescaledb_information.jobs
WHERE proc_name = 'policy_refresh_continuous_aggregate'
  AND hypertable_name IN ('reading_1m', 'reading_1h', 'reading_1d');

ALTER MATERIALIZED VIEW reading_1m SET (timescaledb.enable_columnstore = true);
ALTER MATERIALIZED VIEW reading_1h SET (timescaledb.enable_columnstore = true);
CALL add_columnstore_policy('reading_1m', after => INTERVAL '32 days');
CALL add_columnstore_policy('reading_1h', after => INTERVAL '32 days');

SELECT add_retention_policy('reading_1m', drop_after => INTERVAL '2 years');
