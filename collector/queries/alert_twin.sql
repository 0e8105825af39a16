SELECT other.alert_key AS id
FROM alert AS one
JOIN alert AS other
  ON other.site_key = one.site_key AND other.alert_type = one.alert_type
 AND other.panel_key IS NOT DISTINCT FROM one.panel_key
 AND other.state <> 'resolved' AND other.alert_key <> one.alert_key
WHERE one.alert_key = :id
