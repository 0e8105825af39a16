DELETE FROM notification
WHERE coalesce(delivered_at, given_up_at) < CAST(:before AS timestamptz)
RETURNING notification_key AS key
