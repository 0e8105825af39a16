SELECT step.*
FROM span
CROSS JOIN LATERAL (
    SELECT site_key,
           time_bucket('{width}', bucket) AS bucket,
           sum(minutes)::bigint,
           sum(power_sum_mw),
           min(power_min_mw),
           max(power_max_mw),
           sum(temperature_samples)::bigint,
           sum(temperature_sum_mc)::bigint,
           sum(samples)::bigint AS samples,
           sum(energy_wh),
           sum(covered_seconds)::bigint
    FROM {below} AS below
    WHERE below.site_key = span.site_key AND bucket >= span.first_at AND bucket < span.last_at
    GROUP BY 1, 2
) AS step
