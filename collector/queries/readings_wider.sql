SELECT time_bucket(make_interval(secs => :seconds), made.bucket) AS bucket,
           sum(samples)::bigint AS samples,
           sum(power_samples)::bigint AS power_samples,
           sum(power_sum_mw)::bigint AS power_sum_mw,
           min(power_min_mw) AS power_min_mw,
           max(power_max_mw) AS power_max_mw,
           sum(temperature_samples)::bigint AS temperature_samples,
           sum(temperature_sum_mc)::bigint AS temperature_sum_mc,
           sum(voltage_samples)::bigint AS voltage_samples,
           sum(voltage_sum_mv)::bigint AS voltage_sum_mv,
           sum(current_samples)::bigint AS current_samples,
           sum(current_sum_ma)::bigint AS current_sum_ma,
           sum(energy_wh) AS energy_wh,
           sum(covered_seconds)::bigint AS covered_seconds
    FROM {source} AS made
    WHERE panel_key = :panel_key AND made.bucket >= CAST(:start AS timestamptz) AND made.bucket < CAST(:end AS timestamptz)
    GROUP BY 1