-- One row of columns: taking in rows one by one costs more than making them.
{asked}
SELECT (SELECT panels FROM asked) AS panels,
       coalesce(array_agg(bucket), '{{}}') AS "timestamp",
       coalesce(array_agg(power_sum_mw / nullif(power_samples, 0)::double precision / 1000.0), '{{}}') AS avg_power,
       coalesce(array_agg(power_max_mw / 1000.0::double precision), '{{}}') AS max_power,
       coalesce(array_agg(power_min_mw / 1000.0::double precision), '{{}}') AS min_power,
       coalesce(array_agg(temperature_sum_mc / nullif(temperature_samples, 0)::double precision / 1000.0), '{{}}') AS avg_temperature,
       coalesce(array_agg(voltage_sum_mv / nullif(voltage_samples, 0)::double precision / 1000.0), '{{}}') AS avg_voltage,
       coalesce(array_agg(current_sum_ma / nullif(current_samples, 0)::double precision / 1000.0), '{{}}') AS avg_current,
       coalesce(array_agg(energy_wh), '{{}}') AS energy_wh,
       coalesce(array_agg(samples), '{{}}') AS samples,
       coalesce(
           array_agg(
               least(
                   covered_seconds::double precision
                   / greatest(
                       least(CAST(:seconds AS double precision), date_part('epoch', CAST(:now AS timestamptz) - bucket)),
                       1
                   ),
                   1
               )
           ),
           '{{}}'
       ) AS coverage
FROM (
    {buckets}
    ORDER BY bucket DESC
) AS step
