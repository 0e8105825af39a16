SELECT name, split_part(url, '://', 1) AS scheme, severity,
       CASE WHEN site_keys IS NOT NULL
            THEN ARRAY(SELECT site FROM site WHERE site_key = ANY (site_keys) ORDER BY site) END AS sites,
       alert_types, interval_seconds,
       to_char(quiet_from, 'HH24:MI') || '-' || to_char(quiet_to, 'HH24:MI') || ' ' || timezone AS quiet,
       count(*) FILTER (WHERE notification_key IS NOT NULL AND delivered_at IS NULL AND given_up_at IS NULL) AS waiting,
       count(*) FILTER (WHERE given_up_at IS NOT NULL) AS given_up,
       failures, last_sent_at, last_error
FROM notify_route
LEFT JOIN notification USING (route_key)
GROUP BY notify_route.route_key
ORDER BY name
