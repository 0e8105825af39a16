SELECT panel AS id, CAST(sum(count(*)) OVER () AS bigint) AS known
FROM panel
JOIN site USING (site_key)
WHERE CAST(:site AS text) IS NULL OR site = :site
GROUP BY panel
ORDER BY 1
LIMIT 5000
