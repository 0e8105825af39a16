WITH chosen AS MATERIALIZED (
    SELECT *
    FROM panel
    WHERE site_key = :site_key AND panel > CAST(:after AS text)
    ORDER BY panel
    LIMIT CAST(:limit AS bigint)
),
alerts AS (
    SELECT panel_key,
           count(*) AS open_alerts,
           max(array_position(ARRAY['info', 'low', 'medium', 'high', 'critical'], severity)) AS worst
    FROM alert
    WHERE site_key = :site_key AND state <> 'resolved'
    GROUP BY 1
)
SELECT panel.panel AS panel_id,
       panel.model,
       panel.panel_group AS "group",
       panel.rated_watts,
       panel.latitude,
       panel.longitude,
       panel.registered_at,
       last.time AS last_reading_at,
       last.power_mw / 1000.0::double precision AS power_watts,
       last.voltage_mv / 1000.0::double precision AS voltage_volts,
       last.current_ma / 1000.0::double precision AS current_amperes,
       last.temperature_mc / 1000.0::double precision AS temperature_celsius,
       last.quality,
       today.energy_wh AS energy_today_wh,
       coalesce(alerts.open_alerts, 0) AS open_alerts,
       (ARRAY['info', 'low', 'medium', 'high', 'critical'])[alerts.worst] AS worst_severity
FROM chosen AS panel
LEFT JOIN LATERAL (
    SELECT * FROM reading_raw AS raw WHERE raw.panel_key = panel.panel_key ORDER BY time DESC LIMIT 1
) AS last ON true
LEFT JOIN LATERAL (
    SELECT sum(energy_wh) AS energy_wh
    FROM {source}_between(CAST(:midnight AS timestamptz), CAST(:now AS timestamptz) + INTERVAL '1 hour') AS step
    WHERE step.panel_key = panel.panel_key
) AS today ON true
LEFT JOIN alerts ON alerts.panel_key = panel.panel_key
ORDER BY panel.panel
