SELECT date_part('epoch', {bucket})::bigint AS t,
       avg({column}::double precision) / 1000.0 AS avg,
       min({column}) / 1000.0::double precision AS min,
       max({column}) / 1000.0::double precision AS max,
       CAST(NULL AS double precision) AS coverage
FROM {table}
WHERE site_key = :site_key
  AND time >= CAST(:start AS timestamptz)
  AND time < CAST(:end AS timestamptz)
  AND {column} IS NOT NULL
GROUP BY {bucket}
ORDER BY 1
