SELECT version, sha256, size_bytes, signature
FROM model_offer
JOIN model USING (version)
WHERE site_key IS NULL OR site_key = cast(:site_key AS integer)
ORDER BY site_key NULLS LAST
LIMIT 1
