-- Whatever has a name that holds the text: first where that is the whole name, then where the name
-- begins with it.
WITH wanted AS (
    SELECT lower(CAST(:text AS text)) AS text,
           lower(CAST(:panel AS text)) AS panel,
           lower(CAST(:place AS text)) AS place
),
named AS (
    SELECT 1 AS turn, 'site' AS kind, site AS id, site, name AS label,
           lower(site) AS name, lower(name) AS other, wanted.text
    FROM wanted, site
    UNION ALL
    SELECT 2, 'gateway', gateway, site.site, NULL, lower(gateway), '', wanted.text
    FROM wanted, gateway JOIN site USING (site_key)
    UNION ALL
    SELECT 3, 'panel', panel.panel, site.site, NULL, lower(panel.panel), '', wanted.panel
    FROM wanted, panel JOIN site USING (site_key)
    WHERE strpos(lower(site.site), wanted.place) > 0 OR strpos(lower(site.name), wanted.place) > 0
    UNION ALL
    SELECT 4, 'alert', CAST(alert_key AS text), site.site, title, '', '', ''
    FROM alert JOIN site USING (site_key)
    WHERE alert_key = CAST(:alert AS bigint)
)
SELECT kind, id, site, label
FROM named
WHERE strpos(name, text) > 0 OR strpos(other, text) > 0
ORDER BY CASE WHEN text IN (name, other) THEN 0
              WHEN starts_with(name, text) OR starts_with(other, text) THEN 1
              ELSE 2 END,
         turn, length(id), id, site
LIMIT :limit
