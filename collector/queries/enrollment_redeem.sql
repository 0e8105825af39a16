UPDATE enrollment
SET gateway_key = :gateway_key, redeemed_at = CAST(:now AS timestamptz)
WHERE token_hash = :hash
RETURNING expires_at
