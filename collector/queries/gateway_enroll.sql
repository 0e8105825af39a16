-- A key that is known keeps its gateway; one of another site or one that was revoked changes nothing.
INSERT INTO gateway (gateway, site_key, public_key, enrolled_at)
VALUES (:gateway, :site_key, :public_key, CAST(:now AS timestamptz))
ON CONFLICT (public_key) DO UPDATE SET public_key = excluded.public_key
WHERE gateway.site_key = excluded.site_key AND gateway.revoked_at IS NULL
RETURNING gateway_key, gateway AS gateway_id
