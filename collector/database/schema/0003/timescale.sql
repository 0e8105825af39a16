-- A window is a minute: chunks of a week, columns after eight days, kept as long as the minutes of readings.

SELECT create_hypertable('detection_window', by_range('time', INTERVAL '7 days'), create_default_indexes => false);
ALTER TABLE detection_window SET (timescaledb.enable_columnstore, timescaledb.segmentby = 'panel_key', timescaledb.orderby = 'time');
CALL add_columnstore_policy('detection_window', after => INTERVAL '8 days');
SELECT add_retention_policy('detection_window', drop_after => INTERVAL '2 years');
