WITH gone AS (
    DELETE FROM live_event WHERE event <= (SELECT max(event) FROM live_event) - CAST(:kept AS bigint) RETURNING event
)
SELECT count(*) AS gone FROM gone
