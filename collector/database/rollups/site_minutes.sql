-- What is covered is what the energy is of: panels that tell no power are not in it.
-- The outer bounds are known when it is planned: TimescaleDB leaves out the chunks that are not within.
SELECT site_key,
       bucket,
       least(count(nullif(power_samples, 0)), 1),
       sum(power_sum_mw::double precision / nullif(power_samples, 0)),
       sum(power_sum_mw::double precision / nullif(power_samples, 0)),
       sum(power_sum_mw::double precision / nullif(power_samples, 0)),
       sum(temperature_samples)::bigint,
       sum(temperature_sum_mc)::bigint,
       sum(samples)::bigint AS samples,
       sum(energy_wh),
       coalesce(sum(covered_seconds) FILTER (WHERE power_samples > 0), 0)::bigint
FROM span
JOIN panel USING (site_key)
CROSS JOIN LATERAL (
    SELECT *
    FROM {below} AS below
    WHERE below.panel_key = panel.panel_key AND bucket >= span.first_at AND bucket < span.last_at
      AND bucket >= %(since)s AND bucket < %(until)s
) AS step
GROUP BY 1, 2
