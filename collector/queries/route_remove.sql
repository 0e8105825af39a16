DELETE FROM notify_route WHERE name = :name RETURNING route_key AS key
