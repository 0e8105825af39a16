-- What a person resolved, and what is told of again long after.
WITH changed AS (
    UPDATE alert
    SET state = 'open', reopened_at = CAST(:now AS timestamptz), resolved_at = NULL, resolved_by = NULL,
        resolve_cause = NULL, acknowledged_at = NULL, acknowledged_by = NULL, escalated_at = NULL
    WHERE alert_key IN (
        SELECT alert_key FROM alert AS closed
        WHERE state = 'resolved' AND cleared_at IS NULL AND resolved_by IS NOT NULL
          AND last_seen_at > resolved_at + CAST(:after AS interval)
          AND NOT EXISTS (
              SELECT FROM alert AS other
              WHERE other.site_key = closed.site_key AND other.alert_type = closed.alert_type
                AND other.panel_key IS NOT DISTINCT FROM closed.panel_key
                AND (other.state <> 'resolved' OR other.alert_key > closed.alert_key))
        FOR UPDATE SKIP LOCKED)
    RETURNING alert_key, severity
)
INSERT INTO alert_history (alert_key, at, action, severity)
SELECT alert_key, CAST(:now AS timestamptz), 'reopened', severity FROM changed
RETURNING alert_key AS key
