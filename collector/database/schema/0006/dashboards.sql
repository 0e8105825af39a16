-- What dashboards may read, and all they may read: no token, no key, no account.

CREATE SCHEMA dashboards;

CREATE VIEW dashboards.site AS
SELECT site.site, site.name, site.latitude, site.longitude, site.timezone,
       count(panel_key) AS panels,
       sum(rated_watts) / 1000.0::double precision AS rated_kwp
FROM site
LEFT JOIN panel USING (site_key)
GROUP BY site.site_key;

CREATE VIEW dashboards.panel AS
SELECT site.site, panel.panel, panel.model, panel.panel_group, panel.rated_watts
FROM panel
JOIN site USING (site_key);

CREATE VIEW dashboards.site_now AS
SELECT site.site, as_of, power_at, power_mw / 1000.0::double precision AS power_watts,
       today_wh AS energy_today_wh, yesterday_wh AS energy_yesterday_wh
FROM rollup.site_now
JOIN site USING (site_key);

CREATE VIEW dashboards.site_minute AS
SELECT site.site, bucket,
       power_sum_mw / nullif(minutes, 0) / 1000.0::double precision AS power_watts,
       energy_wh, covered_seconds, samples
FROM rollup.site_1m
JOIN site USING (site_key)
WHERE bucket < (SELECT minutes_until FROM rollup.progress);

CREATE VIEW dashboards.site_hour AS
SELECT site.site, bucket,
       power_sum_mw / nullif(minutes, 0) / 1000.0::double precision AS power_watts,
       power_min_mw / 1000.0::double precision AS min_power_watts,
       power_max_mw / 1000.0::double precision AS max_power_watts,
       energy_wh, covered_seconds, samples
FROM rollup.site_1h
JOIN site USING (site_key)
WHERE bucket < (SELECT hours_until FROM rollup.progress);

CREATE VIEW dashboards.panel_minute AS
SELECT site.site, panel.panel, panel.panel_group, bucket,
       power_sum_mw / nullif(power_samples, 0)::double precision / 1000.0 AS power_watts,
       power_min_mw / 1000.0::double precision AS min_power_watts,
       power_max_mw / 1000.0::double precision AS max_power_watts,
       voltage_sum_mv / nullif(voltage_samples, 0)::double precision / 1000.0 AS voltage_volts,
       current_sum_ma / nullif(current_samples, 0)::double precision / 1000.0 AS current_amperes,
       temperature_sum_mc / nullif(temperature_samples, 0)::double precision / 1000.0 AS temperature_celsius,
       energy_wh, covered_seconds, quality
FROM rollup.panel_1m
JOIN panel USING (panel_key)
JOIN site USING (site_key);

CREATE VIEW dashboards.panel_hour AS
SELECT site.site, panel.panel, panel.panel_group, bucket,
       power_sum_mw / nullif(power_samples, 0)::double precision / 1000.0 AS power_watts,
       power_min_mw / 1000.0::double precision AS min_power_watts,
       power_max_mw / 1000.0::double precision AS max_power_watts,
       energy_wh, covered_seconds
FROM rollup.panel_1h
JOIN panel USING (panel_key)
JOIN site USING (site_key);

CREATE VIEW dashboards.alert AS
SELECT alert_key AS id, site.site, panel.panel, alert_type, severity, state, title, recommendation,
       raised_at, last_seen_at, cleared_at, received_at, acknowledged_at, resolved_at
FROM alert
JOIN site USING (site_key)
LEFT JOIN panel ON panel.panel_key = alert.panel_key;

CREATE VIEW dashboards.gateway AS
SELECT gateway, site.site, enrolled_at, last_seen_at, health_at,
       CASE WHEN jsonb_typeof(health -> 'version') = 'string' THEN health ->> 'version' END AS version,
       CASE WHEN jsonb_typeof(health -> 'outbox_rows') = 'number' THEN (health ->> 'outbox_rows')::double precision END AS backlog_rows,
       CASE WHEN jsonb_typeof(health -> 'outbox_bytes') = 'number' THEN (health ->> 'outbox_bytes')::double precision END AS backlog_bytes,
       CASE WHEN jsonb_typeof(health -> 'clock_offset_seconds') = 'number' THEN (health ->> 'clock_offset_seconds')::double precision END AS clock_offset_seconds
FROM gateway
JOIN site USING (site_key)
WHERE revoked_at IS NULL;

CREATE VIEW dashboards.declared_loss AS
SELECT gateway.gateway, site.site, reason, rows, lost_rows, from_at, to_at, declared_at
FROM loss_account
JOIN gateway USING (gateway_key)
JOIN site USING (site_key);

CREATE VIEW dashboards.pipeline AS
SELECT minutes_until AS aggregated_until, reaches AS newest_reading_at,
       (SELECT count(*) FROM rollup.late) AS late_hours
FROM rollup.progress;

-- A role without a password and without LOGIN: an administrator gives it both. Roles are of the whole
-- server, so another database's migration may be making it at this moment; who may not make it goes on.
DO $$ BEGIN CREATE ROLE heliograph_grafana NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN NULL; END $$;
DO $$ BEGIN GRANT USAGE ON SCHEMA dashboards TO heliograph_grafana; GRANT SELECT ON ALL TABLES IN SCHEMA dashboards TO heliograph_grafana; EXCEPTION WHEN undefined_object THEN NULL; END $$;
