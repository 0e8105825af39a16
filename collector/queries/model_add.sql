INSERT INTO model (version, sha256, size_bytes, signature, data, added_at)
VALUES (:version, :sha256, :size_bytes, :signature, :data, :now)
ON CONFLICT DO NOTHING
RETURNING version AS id
