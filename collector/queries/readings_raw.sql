-- One row of columns: taking in thousands of rows one by one costs more than twice as much.
{asked}
SELECT (SELECT panels FROM asked) AS panels,
       coalesce(array_agg(time), '{{}}') AS time,
       coalesce(array_agg(temperature_mc), '{{}}') AS temperature_mc,
       coalesce(array_agg(voltage_mv), '{{}}') AS voltage_mv,
       coalesce(array_agg(current_ma), '{{}}') AS current_ma,
       coalesce(array_agg(power_mw), '{{}}') AS power_mw,
       coalesce(array_agg(quality), '{{}}') AS quality
FROM (
    SELECT *
    FROM reading_raw
    WHERE panel_key = (SELECT panel_key FROM asked) AND time >= CAST(:start AS timestamptz) AND time < CAST(:end AS timestamptz)
    ORDER BY time DESC
    LIMIT :limit
) AS page
