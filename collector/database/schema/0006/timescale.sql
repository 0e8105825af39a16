-- The minutes of sites are many; hours and days are few. Panels have their continuous aggregates.

SELECT create_hypertable('rollup.site_1m', by_range('bucket', INTERVAL '7 days'), create_default_indexes => false);
SELECT add_retention_policy('rollup.site_1m', drop_after => INTERVAL '2 years');
