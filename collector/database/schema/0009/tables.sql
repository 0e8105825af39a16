-- Why an alert was resolved, each time: the alert itself forgets it when it is opened again.

ALTER TABLE alert_history ADD COLUMN cause text;

UPDATE alert_history
SET cause = alert.resolve_cause
FROM alert
WHERE entry IN (SELECT max(entry) FROM alert_history WHERE action = 'resolved' GROUP BY alert_key)
  AND alert.alert_key = alert_history.alert_key AND alert.resolve_cause IS NOT NULL;
