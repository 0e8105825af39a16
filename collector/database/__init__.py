"""The database: opening it, what it can do, its schema, and the embedded one for a first run."""
