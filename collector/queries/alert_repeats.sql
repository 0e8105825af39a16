SELECT count(*) AS count
FROM alert AS one
JOIN alert AS other
  ON other.site_key = one.site_key AND other.alert_type = one.alert_type
 AND other.panel_key IS NOT DISTINCT FROM one.panel_key
WHERE one.alert_key = :id AND other.raised_at > one.raised_at - INTERVAL '30 days' AND other.raised_at <= one.raised_at
