SELECT url FROM notify_route WHERE name = :name
