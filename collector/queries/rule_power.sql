WITH of_panel AS (
    SELECT panel.site_key, panel_key, panel.rated_watts,
           sum(power_sum_mw)::double precision / nullif(sum(power_samples), 0) / 1000.0 AS watts,
           sum(covered_seconds)::double precision AS covered_seconds
    FROM {source}_between(CAST(:start AS timestamptz), CAST(:end AS timestamptz))
    JOIN panel USING (panel_key)
    GROUP BY panel.site_key, panel_key, panel.rated_watts
)
SELECT site_key, latitude, longitude, count(*) AS panels, avg(watts) AS mean_panel_watts,
       avg(rated_watts) AS rated_panel_watts, avg(covered_seconds) AS covered_seconds
FROM of_panel
JOIN site USING (site_key)
WHERE watts IS NOT NULL
GROUP BY site_key, latitude, longitude
