"""Tables, migrations and the few queries that matter; the same on SQLite and PostgreSQL."""
