SELECT {columns}
FROM {source}
WHERE panel_key = (SELECT panel_key FROM asked) AND bucket >= CAST(:start AS timestamptz) AND bucket < CAST(:end AS timestamptz)
GROUP BY 1, 2
