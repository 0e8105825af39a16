span AS (
    SELECT * FROM unnest(%(sites)s::int4[], %(firsts)s::timestamptz[], %(lasts)s::timestamptz[]) AS s (site_key, first_at, last_at)
)
