WITH told AS (
    UPDATE notification SET delivered_at = CAST(:now AS timestamptz)
    WHERE notification_key = ANY (CAST(:keys AS bigint[]))
)
UPDATE notify_route
SET leased_until = NULL, failures = 0, last_error = NULL,
    last_sent_at = CASE WHEN cardinality(CAST(:keys AS bigint[])) > 0 THEN CAST(:now AS timestamptz) ELSE last_sent_at END,
    next_at = CAST(:now AS timestamptz) + interval_seconds * INTERVAL '1 second'
WHERE route_key = :route
RETURNING route_key AS key
