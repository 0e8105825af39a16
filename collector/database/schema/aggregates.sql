-- Aggregates by minute, hour and day (UTC), each from the one below. {create} and {with_options} differ
-- by flavour: continuous aggregates on TimescaleDB, plain views elsewhere.
--
-- Sums stay integers (avg(int4) is numeric and slow). A minute that has a reading counts as covered, so a
-- gap of over a minute adds neither energy nor coverage; energy is mean power of covered minutes over time.

{create} reading_1m {with_options} AS
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
       60 AS covered_seconds
FROM reading_raw
GROUP BY 1, 2
