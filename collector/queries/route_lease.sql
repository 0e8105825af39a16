UPDATE notify_route
SET leased_until = CAST(:until AS timestamptz)
WHERE route_key = (
    SELECT route_key FROM notify_route AS route
    WHERE next_at <= CAST(:now AS timestamptz)
      AND (leased_until IS NULL OR leased_until <= CAST(:now AS timestamptz))
      AND EXISTS (
          SELECT FROM notification JOIN alert_history USING (entry)
          WHERE notification.route_key = route.route_key AND due_at <= CAST(:now AS timestamptz)
            AND delivered_at IS NULL AND given_up_at IS NULL
            AND (alert_history.severity = 'critical'
                 OR NOT is_quiet(quiet_from, quiet_to, timezone, CAST(:now AS timestamptz))))
    ORDER BY next_at, route_key
    LIMIT 1
    FOR NO KEY UPDATE SKIP LOCKED)
RETURNING route_key, name, url, failures, is_quiet(quiet_from, quiet_to, timezone, CAST(:now AS timestamptz)) AS is_quiet
