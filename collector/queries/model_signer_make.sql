INSERT INTO model_signer (private_key, made_at)
VALUES (:private_key, :now)
ON CONFLICT DO NOTHING
RETURNING private_key
