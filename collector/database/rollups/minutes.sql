-- Minutes of panels, within spans of their sites.
SELECT step.*
FROM span
JOIN panel USING (site_key)
CROSS JOIN LATERAL (
    SELECT {columns}
    FROM reading_raw AS raw
    WHERE raw.panel_key = panel.panel_key AND time >= span.first_at AND time < span.last_at
    GROUP BY 1, 2
) AS step
