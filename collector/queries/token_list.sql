SELECT api_token_key AS token_id, api_token.name, role, site.site, api_token.created_at, expires_at, revoked_at
FROM api_token
LEFT JOIN site USING (site_key)
ORDER BY api_token_key DESC
