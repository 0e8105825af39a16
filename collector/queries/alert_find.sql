SELECT alert_key AS id, site.site, panel.panel AS panel_id, alert_type, severity, state,
       raised_at, cleared_at, last_seen_at, title, recommendation, details, model_version
FROM alert
JOIN site ON site.site_key = alert.site_key
LEFT JOIN panel ON panel.panel_key = alert.panel_key
WHERE alert_key = :id
