-- The median of panels that see the same sun, without those that are compared with them.
WITH sibling AS MATERIALIZED (
    SELECT other.panel_key
    FROM panel AS other
    WHERE other.site_key = :site_key
      AND other.panel_key <> ALL (CAST(:panel_keys AS int4[]))
      AND EXISTS (
          SELECT FROM panel AS own
          WHERE own.panel_key = ANY (CAST(:panel_keys AS int4[]))
            AND own.panel_group IS NOT DISTINCT FROM other.panel_group
      )
    -- By a hash of the key: spread over the whole group, and the same ones each time.
    ORDER BY hashint4(other.panel_key)
    LIMIT :siblings
),
value AS (
    SELECT each.*
    FROM sibling
    CROSS JOIN LATERAL (
        SELECT {bucket} AS bucket, {average} AS average
        FROM reading_{level}_between(CAST(:start AS timestamptz), CAST(:end AS timestamptz)) AS step
        WHERE step.panel_key = sibling.panel_key
        GROUP BY {bucket}
    ) AS each
)
SELECT date_part('epoch', bucket)::bigint AS t,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY average) AS avg,
       min(average) AS min,
       max(average) AS max,
       CAST(NULL AS double precision) AS coverage
FROM value
GROUP BY bucket
ORDER BY 1
