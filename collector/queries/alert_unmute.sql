-- What was raised during planned work and goes on after it.
WITH changed AS (
    UPDATE alert SET muted = false
    WHERE alert_key IN (
        SELECT alert_key FROM alert AS one
        WHERE muted AND state <> 'resolved' AND cleared_at IS NULL
          AND NOT in_maintenance(site_key, panel_key, CAST(:now AS timestamptz))
          AND last_seen_at >= coalesce((
              SELECT max(to_at) FROM maintenance AS planned
              WHERE planned.site_key = one.site_key
                AND (planned.panel_key IS NULL OR planned.panel_key = one.panel_key)
                AND from_at <= one.raised_at AND one.raised_at < to_at), last_seen_at)
        FOR UPDATE SKIP LOCKED)
    RETURNING alert_key, severity
)
INSERT INTO alert_history (alert_key, at, action, severity)
SELECT alert_key, CAST(:now AS timestamptz), 'unmuted', severity FROM changed
RETURNING alert_key AS key
