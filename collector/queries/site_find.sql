SELECT site_key, site, timezone FROM site WHERE site = :site
