-- Hours or days of panels, of the aggregate below, within spans of their sites.
SELECT step.*
FROM span
JOIN panel USING (site_key)
CROSS JOIN LATERAL (
    SELECT {columns}
    FROM {below} AS below
    WHERE below.panel_key = panel.panel_key AND bucket >= span.first_at AND bucket < span.last_at
    GROUP BY 1, 2
) AS step
