"""How the service is, as cheaply as it can be told: what runs, what waits, the database and its size. ``corrections doctor`` tells more.

It is of the whole service, whose bureau it may be: numbers only, and nobody's.
"""

from __future__ import annotations

import platform
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, text
from sqlmodel import Session, col, func, select

from corrections import __version__
from corrections.records import faults, soundness
from corrections.records.soundness import Check
from corrections.settings import Settings
from corrections.store.access import Action, Actor
from corrections.store.database import is_sqlite, schema_is_current
from corrections.store.tables import AuditEvent, Outage, Pulse, Report, Subject, Violation

LATEST = 5  # outages
Both = tuple[str, str]
COUNTED: Mapping[type, Both] = {
    Subject: ("矫正对象", "subjects"), Report: ("定位上报", "reports"), Violation: ("违规", "violations"),
    AuditEvent: ("审计记录", "audit events"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Condition:
    """``rows`` are about how many there are, by the last number given; ``free_bytes`` None: the disk is not ours to see."""

    version: str
    python: str
    database: str
    schema_current: bool
    size_bytes: int
    free_bytes: int | None
    rows: Sequence[tuple[Both, int]]
    processes: Sequence[Pulse]
    outages: Sequence[Outage]
    checks: Sequence[Check]


def condition(session: Session, engine: Engine, actor: Actor, settings: Settings, now: datetime) -> Condition:
    """For the administrator. Raises Forbidden."""
    actor.require(Action.WRITE_ACCOUNTS)
    rows = [(both, session.exec(select(func.max(table.id))).one() or 0) for table, both in COUNTED.items()]  # type: ignore[attr-defined]
    processes = session.exec(select(Pulse).order_by(col(Pulse.at).desc())).all()
    name, size = _database(session)
    return Condition(
        __version__, platform.python_version(), name, schema_is_current(engine), size, _free(engine), rows, processes,
        faults.list_outages(session, actor, limit=LATEST), soundness.quick(session, settings, now),
    )  # fmt: skip


def _database(session: Session) -> tuple[str, int]:
    """What it is and how much it takes, with its write-ahead log left out."""
    if session.get_bind().dialect.name == "sqlite":
        version = session.execute(text("SELECT sqlite_version()")).scalar_one()
        pages, page = (session.execute(text(f"PRAGMA {name}")).scalar_one() for name in ("page_count", "page_size"))
        return f"SQLite {version}", int(pages) * int(page)
    version = session.execute(text("SHOW server_version")).scalar_one()
    return f"PostgreSQL {version}", int(session.execute(text("SELECT pg_database_size(current_database())")).scalar_one())


def _free(engine: Engine) -> int | None:
    if not is_sqlite(engine) or not engine.url.database:
        return None
    return shutil.disk_usage(Path(engine.url.database).resolve().parent).free
