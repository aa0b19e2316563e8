"""records that cannot be changed

The audit chain, the review's history and the closed days of the log are only ever added to; a report is never changed (its
deletion, at the end of its retention, is allowed). Triggers hold it against every client of the database. A later migration
that rebuilds one of these tables on SQLite drops its triggers and must make them again.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

GUARDED = {
    "audit_event": ("UPDATE", "DELETE"),
    "review_event": ("UPDATE", "DELETE"),
    "log_day": ("UPDATE", "DELETE"),
    "report": ("UPDATE",),
}


def upgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    if postgresql:
        op.execute(
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% of % is refused: it is append-only', TG_OP, TG_TABLE_NAME; END $$"
        )
    for table, operations in GUARDED.items():
        for operation in operations:
            name = f"{table}_refuses_{operation.lower()}"
            if postgresql:
                op.execute(f"CREATE TRIGGER {name} BEFORE {operation} ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()")
            else:
                message = f"{operation} of {table} is refused: it is append-only"
                op.execute(f"CREATE TRIGGER {name} BEFORE {operation} ON {table} BEGIN SELECT RAISE(ABORT, '{message}'); END")


def downgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    for table, operations in GUARDED.items():
        for operation in operations:
            op.execute(f"DROP TRIGGER {table}_refuses_{operation.lower()}" + (f" ON {table}" if postgresql else ""))
    if postgresql:
        op.execute("DROP FUNCTION refuse_change()")
