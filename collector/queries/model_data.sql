SELECT substring(data FROM cast(:start AS integer) + 1 FOR cast(:length AS integer)) AS data
FROM model
WHERE version = :version
