UPDATE gateway
SET revoked_at = coalesce(revoked_at, CAST(:now AS timestamptz))
WHERE gateway = :gateway
RETURNING gateway AS gateway_id
