SELECT alert_key AS id, site.site, panel.panel AS panel_id, alert_type, severity, state,
       raised_at, cleared_at, last_seen_at, title, recommendation, details, model_version
FROM alert
JOIN site ON site.site_key = alert.site_key
LEFT JOIN panel ON panel.panel_key = alert.panel_key
WHERE state = ANY (CAST(:states AS text[]))
  AND severity = ANY (CAST(:severities AS text[]))
  AND (CAST(:site AS text) IS NULL OR site.site = :site)
  AND (CAST(:panel AS text) IS NULL OR panel.panel = :panel)
ORDER BY raised_at DESC, alert_key DESC
LIMIT :limit
