-- What was touched before the job's progress has to be aggregated anew; what comes after it will be anyway.
WITH taken AS (
    DELETE FROM rollup.touched RETURNING *
),
reached AS (
    UPDATE rollup.progress SET reaches = greatest(reaches, (SELECT max(last_at) FROM taken))
    WHERE EXISTS (SELECT FROM taken)
)
INSERT INTO rollup.late AS late (site_key, hour, first_at, last_at)
SELECT site_key,
       time_bucket('1 hour', first_at),
       time_bucket('1 minute', min(first_at)),
       time_bucket('1 minute', max(last_at)) + INTERVAL '1 minute'
FROM taken, rollup.progress
WHERE first_at < minutes_until
GROUP BY 1, 2
ON CONFLICT (site_key, hour) DO UPDATE
SET first_at = least(late.first_at, excluded.first_at), last_at = greatest(late.last_at, excluded.last_at)
