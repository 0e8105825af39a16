SELECT CAST(:panel_id AS text) AS panel_id,
       time_bucket(make_interval(secs => :seconds), bucket) AS "timestamp",
       sum(power_sum_mw)::double precision / nullif(sum(power_samples), 0)::double precision / 1000.0 AS avg_power,
       max(power_max_mw) / 1000.0::double precision AS max_power,
       min(power_min_mw) / 1000.0::double precision AS min_power,
       sum(temperature_sum_mc)::double precision / nullif(sum(temperature_samples), 0)::double precision / 1000.0 AS avg_temperature,
       sum(voltage_sum_mv)::double precision / nullif(sum(voltage_samples), 0)::double precision / 1000.0 AS avg_voltage,
       sum(current_sum_ma)::double precision / nullif(sum(current_samples), 0)::double precision / 1000.0 AS avg_current,
       sum(energy_wh) AS energy_wh,
       sum(samples)::bigint AS samples,
       least(
           sum(covered_seconds)::double precision
           / greatest(
               least(
                   CAST(:seconds AS double precision),
                   date_part('epoch', CAST(:now AS timestamptz) - time_bucket(make_interval(secs => :seconds), bucket))
               ),
               1
           ),
           1
       ) AS coverage
FROM {source}_between(CAST(:start AS timestamptz), CAST(:end AS timestamptz))
WHERE panel_key = :panel_key
GROUP BY 2
ORDER BY 2 DESC
