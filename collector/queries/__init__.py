"""Questions to the database: the SQL in files, and one small function for each."""
