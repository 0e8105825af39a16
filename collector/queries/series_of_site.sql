SELECT date_part('epoch', {bucket})::bigint AS t,
       {average} AS avg,
       {least} AS min,
       {most} AS max,
       least(
           sum(covered_seconds)::double precision
           / greatest((SELECT count(*) FROM panel WHERE site_key = :site_key), 1)
           / greatest({elapsed}, 1),
           1
       ) AS coverage
FROM site_{level}_between(CAST(:start AS timestamptz), CAST(:end AS timestamptz))
WHERE site_key = :site_key
GROUP BY {bucket}
ORDER BY 1
