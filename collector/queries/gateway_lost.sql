-- By reason; ranges of several declarations that overlap are counted once.
WITH each AS (
    SELECT reason, count(*) AS declarations, sum(lost_rows) AS rows,
           flush_count(range_agg(lost) FILTER (WHERE lost_rows IS NULL)) AS uncounted
    FROM loss_account
    JOIN gateway USING (gateway_key)
    WHERE gateway = :gateway
    GROUP BY reason, stream)
SELECT reason, sum(declarations)::bigint AS declarations,
       least(coalesce(sum(rows), 0), {most})::bigint AS rows,
       least(coalesce(sum(uncounted), 0), {most})::bigint AS uncounted
FROM each
GROUP BY reason
ORDER BY reason
