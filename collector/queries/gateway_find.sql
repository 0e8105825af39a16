SELECT gateway_key, site_key, site.site, public_key
FROM gateway
JOIN site USING (site_key)
WHERE gateway = :gateway AND revoked_at IS NULL
