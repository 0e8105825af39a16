SELECT stream,
       lower(received) AS first_seq,
       upper(received) - 1 AS last_seq,
       (
           upper(received) - lower(received)
           - coalesce((SELECT sum(upper(part) - lower(part)) FROM unnest(received) AS part), 0)
       )::bigint AS missing,
       accepted, duplicates, rejected, first_received_at, last_received_at
FROM ledger
JOIN gateway USING (gateway_key)
WHERE gateway = :gateway AND NOT isempty(received)
ORDER BY last_received_at DESC
LIMIT 100
