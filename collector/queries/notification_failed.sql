WITH given_up AS (
    UPDATE notification SET given_up_at = CAST(:again_at AS timestamptz)
    WHERE route_key = :route AND delivered_at IS NULL AND given_up_at IS NULL
      AND due_at < CAST(:give_up_before AS timestamptz)
)
UPDATE notify_route
SET leased_until = NULL, failures = failures + 1, last_error = :why, next_at = CAST(:again_at AS timestamptz)
WHERE route_key = :route
RETURNING route_key AS key
