SELECT (SELECT count(*) FROM notification WHERE delivered_at IS NULL AND given_up_at IS NULL) AS waiting,
       (SELECT count(*) FROM notification WHERE given_up_at IS NOT NULL) AS given_up,
       (SELECT count(*) FROM notify_route WHERE failures > 0) AS failing_routes,
       (SELECT count(*) FROM alert WHERE state <> 'resolved' AND (muted OR late)) AS suppressed
