"""Alembic's entry: migrations run on the engine that ``store.database`` hands over."""

from __future__ import annotations

from alembic import context

from corrections.store import tables  # noqa: F401 - fills the metadata
from corrections.store.tables import metadata

engine = context.config.attributes["engine"]
with engine.connect() as connection:
    if engine.dialect.name == "sqlite":
        # A batch makes a table anew and drops the old one; enforced, the references of others to it would forbid that. A pragma counts
        # only outside of a transaction, and none has begun yet.
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
    if engine.dialect.name == "sqlite":
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=ON")
