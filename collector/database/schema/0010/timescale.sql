-- Hours that are kept, and those after them of minutes and readings: two plans, of which the first can stay. One plan
-- for both is made anew for each question, for it is bound to how far TimescaleDB has got; that takes as long again.
CREATE FUNCTION reading_1h_of(panel int4, starts timestamptz, ends timestamptz) RETURNS SETOF reading_1h
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 200 AS $$
#variable_conflict use_column
DECLARE
    first timestamptz := time_bucket('1 hour', starts + INTERVAL '1 hour' - INTERVAL '1 microsecond');
    last timestamptz := time_bucket('1 hour', ends + INTERVAL '1 hour' - INTERVAL '1 microsecond');
    minutes timestamptz;
    hours timestamptz;
BEGIN
    SELECT minutes_until, hours_until INTO minutes, hours FROM rollup.progress;
    -- TimescaleDB's own jobs may have got further than ours that stood still, and readings may be gone since.
    IF hours < now() - INTERVAL '1 day' THEN
        RETURN QUERY SELECT * FROM reading_1h WHERE panel_key = panel AND bucket >= first AND bucket < last;
        RETURN;
    END IF;
    RETURN QUERY
    SELECT * FROM rollup.hour WHERE panel_key = panel AND bucket >= first AND bucket < least(last, hours);
    IF last > hours THEN
        RETURN QUERY
        SELECT panel_key,
               time_bucket('1 hour', bucket) AS bucket,
               sum(samples)::bigint AS samples,
               sum(power_samples)::bigint AS power_samples,
               sum(power_sum_mw)::bigint AS power_sum_mw,
               min(power_min_mw) AS power_min_mw,
               max(power_max_mw) AS power_max_mw,
               sum(temperature_samples)::bigint AS temperature_samples,
               sum(temperature_sum_mc)::bigint AS temperature_sum_mc,
               min(temperature_min_mc) AS temperature_min_mc,
               max(temperature_max_mc) AS temperature_max_mc,
               sum(voltage_samples)::bigint AS voltage_samples,
               sum(voltage_sum_mv)::bigint AS voltage_sum_mv,
               sum(current_samples)::bigint AS current_samples,
               sum(current_sum_ma)::bigint AS current_sum_ma,
               bit_or(quality) AS quality,
               sum(energy_wh) AS energy_wh,
               sum(covered_seconds)::bigint AS covered_seconds
        FROM (
            SELECT *
            FROM rollup.minute
            WHERE panel_key = panel AND bucket >= greatest(first, hours) AND bucket < least(last, minutes)
            UNION ALL
            SELECT panel_key,
                   time_bucket('1 minute', time) AS bucket,
                   count(*) AS samples,
                   count(power_mw) AS power_samples,
                   sum(power_mw) AS power_sum_mw,
                   min(power_mw) AS power_min_mw,
                   max(power_mw) AS power_max_mw,
                   count(temperature_mc) AS temperature_samples,
                   sum(temperature_mc) AS temperature_sum_mc,
                   min(temperature_mc) AS temperature_min_mc,
                   max(temperature_mc) AS temperature_max_mc,
                   count(voltage_mv) AS voltage_samples,
                   sum(voltage_mv) AS voltage_sum_mv,
                   count(current_ma) AS current_samples,
                   sum(current_ma) AS current_sum_ma,
                   bit_or(quality) AS quality,
                   sum(power_mw) / count(power_mw)::double precision / 60000.0 AS energy_wh,
                   60::bigint AS covered_seconds
            FROM reading_raw
            WHERE panel_key = panel AND time >= greatest(first, minutes) AND time < last
            GROUP BY 1, 2
        ) AS minute
        GROUP BY 1, 2;
    END IF;
END
$$;

-- Hours are kept for ever: chunks of ten days, as TimescaleDB makes them, would be 365 after ten years.
SELECT set_chunk_time_interval('reading_1h', INTERVAL '30 days');
