-- One row for each step of the aggregate: the whole site at once.
WITH step AS (
    SELECT bucket,
           sum(power_sum_mw::double precision / nullif(power_samples, 0)) / 1000.0 AS power,
           sum(energy_wh) AS energy,
           sum(temperature_sum_mc)::double precision / nullif(sum(temperature_samples), 0)::double precision / 1000.0 AS temperature,
           sum(covered_seconds)::double precision AS covered_seconds
    FROM {source}_between(CAST(:start AS timestamptz), CAST(:end AS timestamptz))
    JOIN panel USING (panel_key)
    WHERE site_key = :site_key
    GROUP BY 1
)
SELECT date_part('epoch', time_bucket(make_interval(secs => :seconds), bucket))::bigint AS t,
       {average}({metric}) AS avg,
       min({metric}) AS min,
       max({metric}) AS max,
       least(
           sum(covered_seconds)
           / greatest((SELECT count(*) FROM panel WHERE site_key = :site_key), 1)
           / greatest(
               least(
                   CAST(:seconds AS double precision),
                   date_part('epoch', CAST(:now AS timestamptz) - time_bucket(make_interval(secs => :seconds), bucket))
               ),
               1
           ),
           1
       ) AS coverage
FROM step
GROUP BY time_bucket(make_interval(secs => :seconds), bucket)
ORDER BY 1
