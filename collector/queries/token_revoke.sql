UPDATE api_token
SET revoked_at = coalesce(revoked_at, CAST(:now AS timestamptz))
WHERE api_token_key = :token_id
RETURNING api_token_key AS token_id, name, role,
          (SELECT site FROM site WHERE site.site_key = api_token.site_key) AS site,
          created_at, expires_at, revoked_at
