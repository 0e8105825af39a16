SELECT gateway.gateway_key, gateway, site.site_key, latitude, longitude, last_seen_at, silent_since, health_at, health,
       coalesce(lost.rows, 0)::bigint AS lost_rows, coalesce(lost.declarations, 0) AS lost_declarations,
       coalesce(lost.reasons, '{{}}') AS lost_reasons, lost.since AS lost_at
FROM gateway
JOIN site USING (site_key)
LEFT JOIN (
    SELECT gateway_key, least(sum(rows), {most}) AS rows, count(*) AS declarations,
           array_agg(DISTINCT reason) AS reasons, min(received_at) AS since
    FROM declared_loss
    WHERE received_at > CAST(:losses_since AS timestamptz)
    GROUP BY gateway_key
) AS lost USING (gateway_key)
WHERE revoked_at IS NULL AND last_seen_at IS NOT NULL
