"""``corrections init``: a database, a bureau and its administrator."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from corrections.records import accounts
from corrections.settings import Settings
from corrections.store.database import open_database, reading, schema_is_current, writing
from corrections.store.tables import Bureau, Office, Officer
from tests.cli.conftest import NOW, Run

pytestmark = pytest.mark.both_databases


def test_it_makes_the_database_where_there_is_none(run: Run, tmp_path: Path) -> None:
    said = run("init")

    assert said.code == 0
    assert "no bureau yet" in said.err
    engine = open_database(f"sqlite:///{tmp_path / 'corrections.db'}")
    assert schema_is_current(engine)
    engine.dispose()


def test_it_creates_the_bureau_and_shows_a_password_that_works(on_database: Run, database: Engine) -> None:
    said = on_database("init", "--code", "YX", "--name", "云溪区司法局", "--timezone", "Asia/Urumqi", "--json")

    password = said.json["administrator"]["password"]
    with writing(database) as session:
        _, officer = accounts.log_in(session, "admin", password, NOW, Settings())
        assert officer.role == "administrator"
        assert session.exec(select(Bureau.timezone)).one() == "Asia/Urumqi"
        assert session.exec(select(Office.code)).one() == "YX"


def test_the_password_can_go_to_a_file_that_only_the_owner_reads(on_database: Run, tmp_path: Path) -> None:
    said = on_database("init", "--code", "YX", "--name", "云溪区司法局", "--secrets", "secrets.csv")

    lines = (tmp_path / "secrets.csv").read_text().splitlines()
    assert lines[0] == "login,password"
    assert lines[1].split(",")[1] not in said.out
    assert stat.S_IMODE((tmp_path / "secrets.csv").stat().st_mode) == 0o600


def test_a_secrets_file_that_exists_is_kept_and_nothing_is_created(on_database: Run, database: Engine, tmp_path: Path) -> None:
    (tmp_path / "secrets.csv").write_text("dear")

    said = on_database("init", "--code", "YX", "--name", "云溪区司法局", "--secrets", "secrets.csv")

    assert said.code == 1
    assert (tmp_path / "secrets.csv").read_text() == "dear"
    with reading(database) as session:
        assert session.exec(select(Bureau)).all() == []


@pytest.mark.parametrize("terms", [("--timezone", "Mars/Olympus"), ("--login", "two words")])
def test_a_bureau_that_cannot_be_leaves_nothing_behind(on_database: Run, database: Engine, tmp_path: Path, terms: tuple[str, ...]) -> None:
    said = on_database("init", "--code", "YX", "--name", "云溪区司法局", "--secrets", "secrets.csv", *terms)

    assert (said.code, said.err.count("\n")) == (1, 1)
    assert not (tmp_path / "secrets.csv").exists()
    with reading(database) as session:
        assert session.exec(select(Bureau)).all() == []
        assert session.exec(select(Officer)).all() == []


def test_it_is_safe_to_run_again(on_database: Run) -> None:
    on_database("init", "--code", "YX", "--name", "云溪区司法局")

    assert on_database("init").code == 0
    again = on_database("init", "--code", "YX", "--name", "云溪区司法局")
    assert (again.code, again.err) == (1, "Error: YX is already on the register.\n")


def test_a_code_without_a_name_is_wrong_usage(on_database: Run) -> None:
    assert on_database("init", "--code", "YX").code == 2
