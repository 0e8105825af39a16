WITH changed AS (
    UPDATE alert
    SET state = 'resolved', resolved_at = CAST(:now AS timestamptz), resolved_by = :by
    WHERE alert_key = :id AND state <> 'resolved'
    RETURNING *
)
SELECT alert_key AS id, site.site, panel.panel AS panel_id, alert_type, severity, state,
       raised_at, cleared_at, last_seen_at, title, recommendation, details, model_version
FROM changed
JOIN site ON site.site_key = changed.site_key
LEFT JOIN panel ON panel.panel_key = changed.panel_key
