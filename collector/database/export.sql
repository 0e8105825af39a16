SELECT site.site,
       panel.panel AS panel_id,
       {moment} AS "timestamp",
       {columns}
FROM site
JOIN LATERAL (SELECT * FROM panel WHERE panel.site_key = site.site_key ORDER BY panel) AS panel ON true
CROSS JOIN LATERAL (
    SELECT *
    FROM {source} AS source
    WHERE source.panel_key = panel.panel_key AND {time} >= %(start)s AND {time} < %(end)s
    ORDER BY {time}
) AS step
WHERE (%(site)s::text IS NULL OR site.site = %(site)s)
  AND (%(panels)s::text[] IS NULL OR panel.panel = ANY (%(panels)s::text[]))
