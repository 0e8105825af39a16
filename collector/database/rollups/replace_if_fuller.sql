-- For tables without a unique key: put steps into a table, but never what has fewer readings than is there.
, step ({names}) AS MATERIALIZED (
    {select}
),
gone AS (
    DELETE FROM {table} AS kept
    USING step
    WHERE kept.panel_key = step.panel_key AND kept.bucket = step.bucket AND kept.samples < step.samples
)
INSERT INTO {table} ({names})
SELECT {names}
FROM step
WHERE NOT EXISTS (
    SELECT FROM {table} AS kept
    WHERE kept.panel_key = step.panel_key AND kept.bucket = step.bucket AND kept.samples >= step.samples
)
