SELECT panel_key, panel AS panel_id, site_key, site, timezone, rated_watts
FROM panel
JOIN site USING (site_key)
WHERE panel = ANY (CAST(:panels AS text[])) AND (CAST(:site AS text) IS NULL OR site = :site)
ORDER BY site
