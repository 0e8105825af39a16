WITH changed AS (
    UPDATE alert SET escalated_at = CAST(:now AS timestamptz)
    WHERE alert_key IN (
        SELECT alert_key FROM alert
        WHERE state = 'open' AND cleared_at IS NULL AND escalated_at IS NULL AND NOT muted AND NOT late
          AND severity_rank(severity) >= severity_rank('medium')
          AND greatest(received_at, reopened_at) < CAST(:now AS timestamptz) - CAST(:after AS interval)
          AND NOT in_maintenance(site_key, panel_key, CAST(:now AS timestamptz))
        FOR UPDATE SKIP LOCKED)
    RETURNING alert_key, severity
)
INSERT INTO alert_history (alert_key, at, action, severity)
SELECT alert_key, CAST(:now AS timestamptz), 'escalated', severity FROM changed
RETURNING alert_key AS key
