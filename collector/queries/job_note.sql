INSERT INTO job AS noted (name, ran_at) VALUES (:name, :at)
ON CONFLICT (name) DO UPDATE SET ran_at = excluded.ran_at
RETURNING name
