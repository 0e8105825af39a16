-- The panel comes first: a plan for whatever site may be meant would look through the panels of all.
WITH named AS MATERIALIZED (
    SELECT *
    FROM panel
    WHERE panel = ANY (CAST(:panels AS text[]))
)
SELECT panel_key, panel AS panel_id, site_key, site, timezone, rated_watts
FROM named
CROSS JOIN LATERAL (
    SELECT site, timezone FROM site WHERE site.site_key = named.site_key OFFSET 0
) AS place
WHERE CAST(:site AS text) IS NULL OR site = :site
ORDER BY site
