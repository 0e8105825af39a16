-- Of each site the days since the last that was counted, the oldest first; of one that never was, yesterday.
SELECT *
FROM (
    SELECT site_key,
           date,
           date::timestamp AT TIME ZONE timezone AS starts,
           (date + 1)::timestamp AT TIME ZONE timezone AS ends
    FROM (
        SELECT site_key,
               timezone,
               (%(now)s::timestamptz AT TIME ZONE timezone)::date - 1 AS yesterday,
               (SELECT max(day) FROM rollup.site_sun AS kept WHERE kept.site_key = site.site_key) AS counted
        FROM site
    ) AS known
    CROSS JOIN LATERAL (
        SELECT yesterday - ago AS date FROM generate_series(0, coalesce(yesterday - counted, 1) - 1) AS ago
    ) AS since
) AS day
WHERE ends <= (SELECT hours_until FROM rollup.progress)
ORDER BY site_key, date
LIMIT %(days)s
