-- The beginning of a statement on one panel: to look for its key by itself would take as long again.
WITH asked AS MATERIALIZED (
    SELECT count(*) AS panels,
           CASE count(*) WHEN 1 THEN min(panel_key) END AS panel_key
    FROM panel
    WHERE panel = :panel
      AND (CAST(:site AS text) IS NULL OR site_key = (SELECT site_key FROM site WHERE site = :site))
)
