SELECT gateway AS gateway_id, site.site, enrolled_at, last_seen_at, revoked_at,
       coalesce(sum(ledger.accepted), 0)::bigint AS accepted,
       coalesce(sum(ledger.duplicates), 0)::bigint AS duplicates,
       coalesce(sum(ledger.rejected), 0)::bigint AS rejected,
       health_at, health
FROM gateway
JOIN site USING (site_key)
LEFT JOIN ledger USING (gateway_key)
WHERE CAST(:gateway AS text) IS NULL OR gateway = :gateway
GROUP BY gateway_key, site.site
ORDER BY site.site, gateway
