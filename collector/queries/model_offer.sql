INSERT INTO model_offer (site_key, version, offered_at)
VALUES (:site_key, :version, :now)
ON CONFLICT ((coalesce(site_key, 0))) DO UPDATE
SET version = excluded.version, offered_at = excluded.offered_at
RETURNING version AS id
