SELECT event, at, kind, site, body
FROM live_event
WHERE event > :after AND (CAST(:sites AS text[]) IS NULL OR site = ANY (CAST(:sites AS text[])))
ORDER BY event
LIMIT :limit
