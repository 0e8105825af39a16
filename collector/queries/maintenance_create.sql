INSERT INTO maintenance (site_key, panel_key, from_at, to_at, why, created_at, created_by)
VALUES (:site_key, :panel_key, :starts, :ends, :why, :now, :by)
RETURNING maintenance_key AS key
