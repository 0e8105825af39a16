SELECT min(next.time)
FROM panel
CROSS JOIN LATERAL (
    SELECT time FROM reading_raw AS raw WHERE raw.panel_key = panel.panel_key AND time >= %(since)s ORDER BY time LIMIT 1
) AS next
