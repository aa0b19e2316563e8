"""A database with data in it comes to the newest schema and back, and what was open goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url

from corrections.store.database import alembic_config, is_sqlite, open_database
from corrections.store.tables import metadata

DETECTION = """
INSERT INTO bureau (code, name, name_en, timezone) VALUES ('YX', '云溪区司法局', '', 'Asia/Shanghai');
INSERT INTO office (bureau_id, code, name, name_en) VALUES (1, 'YX0', '第一司法所', '');
INSERT INTO officer (office_id, login, name, role, password_hash, active, absent_until)
  VALUES (1, 'liming', '李明', 'officer', '', TRUE, 99999);
INSERT INTO subject (bureau_id, office_id, number, name, category, level, minor, status, officer_id, term_from, term_until, phone)
  VALUES (1, 1, 'S1', '对象', 'probation', 'general', FALSE, 'active', 1, 0, 9999999, '');
INSERT INTO violation (bureau_id, office_id, subject_id, rule, nature, severity, zone_id, started_at, opened_at, last_fix_at, detected_at,
  evidence, reason_zh, reason_en, review_state, officer_id, claimed_by, due_at, new_evidence, revision)
  VALUES (1, 1, 1, 'silence', 'technical', 'low', 0, 1, 1, 1, 1, '{}', '', '', 'claimed', 1, 1, 50, FALSE, 1);
INSERT INTO review_event (violation_id, at, kind, content) VALUES (1, 5, 'claimed', '{}');
INSERT INTO notice (subject_id, recipient, violation_id, kind, text_zh, text_en, at) VALUES (1, 'subject', 1, 'silence', '', '', 4);
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def detecting(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database of the release before, with somebody absent, a claimed violation and a notice."""
    if request.param == "sqlite":
        engine = open_database(f"sqlite:///{tmp_path / 'old.db'}")
        command.upgrade(alembic_config(engine), "0003")
    else:
        migrated = request.getfixturevalue("postgresql_url")
        with create_engine(make_url(migrated)).begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE; CREATE SCHEMA public"))
        engine = open_database(migrated)
        command.upgrade(alembic_config(engine), "0003")
    with engine.begin() as connection:
        for statement in DETECTION.strip().split(";\n"):
            connection.execute(text(statement.removesuffix(";")))
    yield engine
    engine.dispose()


def rows(engine: Engine, statement: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def test_what_was_open_goes_on(detecting: Engine) -> None:
    command.upgrade(alembic_config(detecting), "head")

    assert rows(detecting, "SELECT matter_id, claimed_until, escalate_at FROM violation") == [(1, 2 * 3_600_000_000 + 5, 50)]
    assert rows(detecting, "SELECT officer_id, ends_at, deputy_id FROM absence") == [(1, 99999, None)]
    assert rows(detecting, "SELECT bureau_id, office_id, dispatch_at FROM notice") == [(1, 1, None)]
    if is_sqlite(detecting):
        assert rows(detecting, "PRAGMA foreign_key_check") == []
        assert rows(detecting, "PRAGMA foreign_keys") == [(1,)]


def test_the_newest_schema_is_what_the_tables_say(detecting: Engine) -> None:
    command.upgrade(alembic_config(detecting), "head")

    with detecting.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata) == []


def test_the_way_back_keeps_the_data_that_the_release_before_knew(detecting: Engine) -> None:
    command.upgrade(alembic_config(detecting), "head")

    command.downgrade(alembic_config(detecting), "0003")

    assert rows(detecting, "SELECT review_state, claimed_by, due_at FROM violation") == [("claimed", 1, 50)]
    assert rows(detecting, "SELECT subject_id, kind FROM notice") == [(1, "silence")]
    assert rows(detecting, "SELECT absent_until FROM officer") == [(99999,)]
