INSERT INTO notify_route (name, url, severity, site_keys, alert_types, interval_seconds, quiet_from, quiet_to,
                          timezone, created_at, next_at)
VALUES (:name, :url, :severity, CAST(:site_keys AS integer[]), CAST(:alert_types AS text[]), :interval_seconds,
        CAST(CAST(:quiet_from AS text) AS time), CAST(CAST(:quiet_to AS text) AS time), :timezone,
        CAST(:now AS timestamptz), CAST(:now AS timestamptz))
RETURNING route_key AS key
