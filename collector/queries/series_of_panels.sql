SELECT panel_key,
       date_part('epoch', {bucket})::bigint AS t,
       {average} AS avg,
       {least} AS min,
       {most} AS max,
       least(sum(covered_seconds)::double precision / greatest({elapsed}, 1), 1) AS coverage
FROM reading_{level}_between(CAST(:start AS timestamptz), CAST(:end AS timestamptz))
WHERE panel_key = ANY (CAST(:panel_keys AS int4[]))
GROUP BY panel_key, {bucket}
ORDER BY 1, 2
