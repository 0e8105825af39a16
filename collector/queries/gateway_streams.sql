SELECT stream,
       lower(received) AS first_seq,
       upper(received) - 1 AS last_seq,
       least(flush_count(outstanding), {most})::bigint AS outstanding,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('first_seq', lower(part),
                                                     'last_seq', upper(part) - 1)), '[]')
        FROM (SELECT part FROM unnest(outstanding) AS part LIMIT {ranges}) AS shown)
           AS outstanding_ranges,
       least(flush_count(lost), {most})::bigint AS lost,
       least(lost_rows, {most})::bigint AS lost_rows,
       least(lost_uncounted, {most})::bigint AS lost_uncounted,
       accepted, duplicates, rejected, first_received_at, last_received_at
FROM stream_account
JOIN gateway USING (gateway_key)
WHERE gateway = :gateway
ORDER BY last_heard_at DESC NULLS LAST, stream
LIMIT {streams}
