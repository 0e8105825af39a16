SELECT gateway AS gateway_id, site.site, enrolled_at, last_seen_at, revoked_at,
       coalesce(sum(account.accepted), 0)::bigint AS accepted,
       coalesce(sum(account.duplicates), 0)::bigint AS duplicates,
       coalesce(sum(account.rejected), 0)::bigint AS rejected,
       least(coalesce(sum(account.lost_rows), 0), {most})::bigint AS lost_rows,
       least(coalesce(sum(account.lost_uncounted), 0), {most})::bigint AS lost_uncounted,
       least(coalesce(sum(flush_count(account.outstanding)), 0), {most})::bigint AS outstanding,
       least(coalesce(sum(flush_count(account.unacknowledged)), 0), {most})::bigint
           AS unacknowledged,
       (SELECT count(*) FROM resend_request AS asked
        WHERE asked.gateway_key = gateway.gateway_key AND answered_at IS NULL) AS open_resends,
       health_at, health
FROM gateway
JOIN site USING (site_key)
LEFT JOIN stream_account AS account USING (gateway_key)
WHERE (CAST(:gateway AS text) IS NULL OR gateway = :gateway)
  AND (CAST(:site AS text) IS NULL OR site.site = :site)
  AND (site.site, gateway) > (CAST(:after_site AS text), CAST(:after_gateway AS text))
GROUP BY gateway_key, site.site
ORDER BY site.site, gateway
LIMIT CAST(:limit AS bigint)
