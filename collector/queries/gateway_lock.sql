SELECT gateway_key, revoked_at FROM gateway WHERE gateway = :gateway FOR NO KEY UPDATE
