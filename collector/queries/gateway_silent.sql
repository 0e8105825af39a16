UPDATE gateway SET silent_since = last_seen_at
WHERE gateway_key IN (
    SELECT gateway_key FROM gateway
    WHERE gateway_key = ANY (CAST(:keys AS integer[])) AND silent_since IS NULL
      AND last_seen_at < CAST(:heard_before AS timestamptz)
    FOR NO KEY UPDATE SKIP LOCKED)
RETURNING gateway_key AS key
