-- Asking the same again while the answer is awaited is the same request; no row means too many.
WITH waiting AS (
    SELECT request, from_at, to_at, asked_at, asked_by, delivered_at
    FROM resend_request
    WHERE gateway_key = :gateway_key AND answered_at IS NULL),
same AS (
    SELECT * FROM waiting
    WHERE (from_at, to_at) = (CAST(:start AS timestamptz), CAST(:end AS timestamptz))),
made AS (
    INSERT INTO resend_request (gateway_key, from_at, to_at, asked_at, asked_by)
    SELECT :gateway_key, CAST(:start AS timestamptz), CAST(:end AS timestamptz),
           CAST(:now AS timestamptz), :by
    WHERE (SELECT count(*) FROM waiting) < :most AND NOT EXISTS (SELECT FROM same)
    RETURNING request, from_at, to_at, asked_at, asked_by, delivered_at)
SELECT request, from_at AS "from", to_at AS "to", asked_at, asked_by, delivered_at
FROM (SELECT * FROM made UNION ALL SELECT * FROM same) AS answer
LIMIT 1
