SELECT notification_key AS notification, action, alert_history.severity, alert.alert_key AS alert, site.site,
       panel.panel AS panel_id, title, recommendation, raised_at, cleared_at, late
FROM notification
JOIN alert_history USING (entry)
JOIN alert ON alert.alert_key = alert_history.alert_key
JOIN site ON site.site_key = alert.site_key
LEFT JOIN panel ON panel.panel_key = alert.panel_key
WHERE route_key = :route AND due_at <= CAST(:now AS timestamptz) AND delivered_at IS NULL AND given_up_at IS NULL
  AND (NOT :quiet OR alert_history.severity = 'critical')
ORDER BY entry
LIMIT :limit
