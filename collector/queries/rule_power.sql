-- From what is kept of whole sites: readings of all panels would take minutes at a large fleet.
WITH given AS (
    SELECT site_key,
           ceil(max(covered_seconds) / {seconds}::double precision) AS panels,
           sum(energy_wh) AS energy_wh,
           sum(covered_seconds)::double precision AS covered_seconds
    FROM site_{level}_between(CAST(:start AS timestamptz), CAST(:end AS timestamptz))
    GROUP BY site_key
),
rated AS (
    SELECT site_key, avg(rated_watts) AS watts FROM panel GROUP BY site_key
)
SELECT site_key, latitude, longitude, panels::bigint AS panels,
       3600.0::double precision * energy_wh / covered_seconds AS mean_panel_watts,
       rated.watts AS rated_panel_watts,
       covered_seconds / panels AS covered_seconds
FROM given
JOIN site USING (site_key)
JOIN rated USING (site_key)
WHERE energy_wh IS NOT NULL
