INSERT INTO enrollment (token_hash, site_key, created_at, expires_at)
VALUES (:hash, :site_key, CAST(:now AS timestamptz), CAST(:expires_at AS timestamptz))
RETURNING expires_at
