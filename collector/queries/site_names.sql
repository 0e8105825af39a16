SELECT site_key, site FROM site WHERE site_key = ANY (CAST(:keys AS integer[]))
