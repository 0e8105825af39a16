SELECT DISTINCT panel AS id
FROM panel
JOIN site USING (site_key)
WHERE CAST(:site AS text) IS NULL OR site = :site
ORDER BY 1
LIMIT 5000
