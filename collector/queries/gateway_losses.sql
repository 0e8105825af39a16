SELECT stream, first_seq, last_seq, reason, rows, lost_rows, from_at AS "from", to_at AS "to",
       declared_at, received_at
FROM loss_account
JOIN gateway USING (gateway_key)
WHERE gateway = :gateway
ORDER BY received_at DESC, stream, first_seq
LIMIT {losses}
