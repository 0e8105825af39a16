SELECT clock_timestamp() AS server_time,
       current_setting('server_version') AS version,
       pg_database_size(current_database()) AS database_bytes,
       (SELECT count(*) FROM site) AS sites,
       (SELECT count(*) FROM panel) AS panels,
       (SELECT count(*) FROM gateway WHERE revoked_at IS NULL) AS gateways,
       (SELECT count(*) FROM api_token WHERE revoked_at IS NULL) AS tokens,
       (SELECT count(*) FROM alert WHERE state <> 'resolved') AS open_alerts
