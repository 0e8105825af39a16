SELECT {columns}
FROM alert
JOIN site ON site.site_key = alert.site_key
LEFT JOIN panel ON panel.panel_key = alert.panel_key
WHERE state = ANY (CAST(:states AS text[]))
  AND severity = ANY (CAST(:severities AS text[]))
  AND (CAST(:site AS text) IS NULL OR site.site = :site)
  AND (CAST(:panel AS text) IS NULL OR panel.panel = :panel)
  AND (CAST(:late AS boolean) IS NULL OR late = :late)
  AND (CAST(:muted AS boolean) IS NULL OR muted = :muted)
  AND (CAST(:before_at AS timestamptz) IS NULL OR (raised_at, alert_key) < (CAST(:before_at AS timestamptz), CAST(:before_id AS bigint)))
ORDER BY raised_at DESC, alert_key DESC
LIMIT :limit
