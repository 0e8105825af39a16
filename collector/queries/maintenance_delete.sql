DELETE FROM maintenance WHERE maintenance_key = :id RETURNING maintenance_key AS key
