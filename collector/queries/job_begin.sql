SELECT pg_try_advisory_xact_lock(1212501066, CAST(:number AS integer)) AS mine,
       (SELECT ran_at FROM job WHERE name = :name) AS ran_at
