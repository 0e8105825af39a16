SELECT alert_key, site_key, alert_type, episode, severity, title, raised_at, last_seen_at, details
FROM alert
WHERE cleared_at IS NULL AND episode LIKE 'rule:%' AND alert_type = ANY (CAST(:kinds AS text[]))
