-- Days that were counted before what came late: each once, with the last of its late hours.
SELECT *
FROM (
    SELECT DISTINCT
           site_key,
           day AS date,
           day::timestamp AT TIME ZONE timezone AS starts,
           (day + 1)::timestamp AT TIME ZONE timezone AS ends
    FROM span
    JOIN site USING (site_key)
    JOIN rollup.site_sun AS kept USING (site_key)
    WHERE day BETWEEN (first_at AT TIME ZONE timezone)::date AND (last_at AT TIME ZONE timezone)::date
) AS counted
WHERE NOT EXISTS (
    SELECT
    FROM rollup.late AS other
    WHERE other.site_key = counted.site_key
      AND other.first_at < counted.ends
      AND other.last_at > counted.starts
      AND NOT EXISTS (
          SELECT FROM span WHERE span.site_key = other.site_key AND time_bucket('1 hour', span.first_at) = other.hour
      )
)
