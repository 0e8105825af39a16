-- The minutes of sites are many; hours and days are few. Panels have their continuous aggregates.

SELECT create_hypertable('rollup.site_1m', by_range('bucket', INTERVAL '7 days'), create_default_indexes => false);
SELECT add_retention_policy('rollup.site_1m', drop_after => INTERVAL '2 years');

CREATE VIEW rollup.panel_1m AS SELECT * FROM reading_1m WHERE bucket < (SELECT minutes_until FROM rollup.progress);
CREATE VIEW rollup.panel_1h AS SELECT * FROM reading_1h WHERE bucket < (SELECT hours_until FROM rollup.progress);
