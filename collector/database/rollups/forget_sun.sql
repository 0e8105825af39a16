-- What came late changes how available its site was on the days it is of: they are counted anew.
DELETE FROM rollup.site_sun AS kept
USING span
JOIN site USING (site_key)
WHERE kept.site_key = span.site_key
  AND kept.day BETWEEN (first_at AT TIME ZONE timezone)::date AND (last_at AT TIME ZONE timezone)::date
