-- Minutes of all panels within one time: read as they lie on the disk, not panel by panel.
SELECT {columns}
FROM reading_raw
WHERE time >= %(first)s AND time < %(last)s
GROUP BY 1, 2
