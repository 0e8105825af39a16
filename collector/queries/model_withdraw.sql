DELETE FROM model_offer
WHERE site_key IS NOT DISTINCT FROM cast(:site_key AS integer)
RETURNING version AS id
