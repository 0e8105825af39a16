SELECT enrollment.site_key, site.site, enrollment.expires_at, gateway.gateway AS gateway_id, gateway.public_key, gateway.revoked_at
FROM enrollment
JOIN site USING (site_key)
LEFT JOIN gateway USING (gateway_key)
WHERE token_hash = :hash
FOR UPDATE OF enrollment
