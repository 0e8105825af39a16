SELECT maintenance_key AS id, site.site, panel.panel AS panel_id, from_at AS "from", to_at AS "to", why,
       planned.created_at, created_by
FROM maintenance AS planned
JOIN site ON site.site_key = planned.site_key
LEFT JOIN panel ON panel.panel_key = planned.panel_key
WHERE to_at > CAST(:since AS timestamptz)
  AND (CAST(:site AS text) IS NULL OR site.site = :site)
  AND (CAST(:id AS bigint) IS NULL OR maintenance_key = :id)
  AND (CAST(:after_at AS timestamptz) IS NULL OR (from_at, maintenance_key) > (CAST(:after_at AS timestamptz), CAST(:after_id AS bigint)))
ORDER BY from_at, maintenance_key
LIMIT :limit
