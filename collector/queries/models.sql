SELECT version, sha256, size_bytes, signature, added_at,
       (SELECT offered_at FROM model_offer WHERE version = model.version AND site_key IS NULL) AS offered_at,
       (SELECT coalesce(array_agg(site.site ORDER BY site.site), '{{}}')
        FROM model_offer JOIN site USING (site_key)
        WHERE model_offer.version = model.version) AS offered_sites
FROM model
WHERE cast(:version AS text) IS NULL OR version = :version
ORDER BY added_at DESC, version DESC
