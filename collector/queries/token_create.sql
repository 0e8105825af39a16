INSERT INTO api_token (name, token_hash, role, site_key, expires_at)
VALUES (:name, :hash, :role, CAST(:site_key AS integer), CAST(:expires_at AS timestamptz))
RETURNING api_token_key AS token_id, name, role,
          (SELECT site FROM site WHERE site.site_key = api_token.site_key) AS site,
          created_at, expires_at, revoked_at
