INSERT INTO site (site, name, latitude, longitude, timezone)
VALUES (:site, :name, CAST(:latitude AS double precision), CAST(:longitude AS double precision), :timezone)
ON CONFLICT (site) DO NOTHING
RETURNING site_key, site, timezone
