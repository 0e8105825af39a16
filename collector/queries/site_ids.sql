SELECT site AS id, count(*) OVER () AS known FROM site ORDER BY site LIMIT 5000
