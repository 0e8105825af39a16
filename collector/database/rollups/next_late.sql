-- The newest late hours first, of about so many panel-hours; at least one.
SELECT site_key, hour, first_at, last_at
FROM (
    SELECT late.*, sum(work) OVER (ORDER BY hour DESC, site_key) - work AS before
    FROM rollup.late
    CROSS JOIN LATERAL (
        SELECT count(*) * extract(epoch FROM late.last_at - late.first_at) / 3600.0 AS work
        FROM panel
        WHERE panel.site_key = late.site_key
    ) AS panels
) AS queue
WHERE before < %(panel_hours)s
