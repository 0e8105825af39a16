-- One row of columns: taking in thousands of rows one by one costs more than twice as much.
{asked}
SELECT (SELECT panels FROM asked) AS panels,
       coalesce(array_agg(time), '{{}}') AS "timestamp",
       coalesce(array_agg(temperature_mc / 1000.0::double precision), '{{}}') AS temperature_celsius,
       coalesce(array_agg(voltage_mv / 1000.0::double precision), '{{}}') AS voltage_volts,
       coalesce(array_agg(current_ma / 1000.0::double precision), '{{}}') AS current_amperes,
       coalesce(array_agg(power_mw / 1000.0::double precision), '{{}}') AS power_output_watts,
       coalesce(array_agg(quality), '{{}}') AS quality
FROM (
    SELECT *
    FROM reading_raw
    WHERE panel_key = (SELECT panel_key FROM asked) AND time >= CAST(:start AS timestamptz) AND time < CAST(:end AS timestamptz)
    ORDER BY time DESC
    LIMIT :limit
) AS page
