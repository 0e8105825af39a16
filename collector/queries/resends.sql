SELECT request, from_at AS "from", to_at AS "to", asked_at, asked_by,
       delivered_at, answered_at, held_segments, held_rows
FROM resend_request
JOIN gateway USING (gateway_key)
WHERE gateway = :gateway
ORDER BY request DESC
LIMIT {requests}
