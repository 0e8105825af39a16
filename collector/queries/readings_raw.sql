SELECT CAST(:panel_id AS text) AS panel_id,
       time AS "timestamp",
       temperature_mc / 1000.0::double precision AS temperature_celsius,
       voltage_mv / 1000.0::double precision AS voltage_volts,
       current_ma / 1000.0::double precision AS current_amperes,
       power_mw / 1000.0::double precision AS power_output_watts,
       quality
FROM reading_raw
WHERE panel_key = :panel_key AND time >= CAST(:start AS timestamptz) AND time < CAST(:end AS timestamptz)
ORDER BY time DESC
LIMIT :limit
