SELECT api_token.name, role, site_key, site.site
FROM api_token
LEFT JOIN site USING (site_key)
WHERE token_hash = :hash
  AND revoked_at IS NULL
  AND (expires_at IS NULL OR expires_at > CAST(:now AS timestamptz))
