SELECT at, action, actor AS by, note, cause, severity
FROM alert_history
WHERE alert_key = :id
ORDER BY entry
LIMIT :limit
