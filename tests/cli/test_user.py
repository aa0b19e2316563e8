"""``corrections user``: accounts from the command line."""

from __future__ import annotations

import stat
import typing
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from corrections.cli.intake import DatumName
from corrections.cli.users import RoleName
from corrections.domain.model import Datum, Role
from corrections.errors import Unauthenticated
from corrections.records import accounts
from corrections.settings import Settings
from corrections.store.database import reading, writing
from corrections.store.tables import Officer
from tests.cli.conftest import NOW, Run


def can_log_in(database: Engine, login: str, password: str) -> bool:
    try:
        with writing(database) as session:
            accounts.log_in(session, login, password, NOW, Settings())
    except Unauthenticated:
        return False
    return True


def test_a_new_officer_logs_in_with_the_password_shown(founded: Run, database: Engine) -> None:
    said = founded("user", "add", "zhaoliu", "--name", "赵六", "--role", "officer", "--office", "YX1", "--json")

    assert can_log_in(database, "zhaoliu", said.json["password"])


def test_the_list_shows_who_is_there(founded: Run) -> None:
    rows = founded("user", "list", "--json").json

    assert [(row["login"], row["role"], row["office"], row["password"]) for row in rows] == [
        ("admin", "administrator", "YX", True),
        ("liming", "officer", "YX1", True),
        ("wangfang", "office_head", "YX1", True),
    ]
    assert "李明" in founded("user", "list").out


def test_a_new_password_replaces_the_old(founded: Run, database: Engine, tmp_path: Path) -> None:
    founded("user", "password", "liming", "--secrets", "one.csv")
    founded("user", "password", "liming", "--secrets", "two.csv")

    one, two = (Path(name).read_text().splitlines()[1].split(",")[1] for name in ("one.csv", "two.csv"))
    assert not can_log_in(database, "liming", one)
    assert can_log_in(database, "liming", two)
    assert stat.S_IMODE(Path("two.csv").stat().st_mode) == 0o600


def test_a_password_can_be_typed(founded: Run, database: Engine) -> None:
    typed = "correct horse 电池"

    said = founded("user", "password", "liming", "--prompt", stdin=f"{typed}\n{typed}\n")
    wrong = founded("user", "password", "liming", "--prompt", stdin=f"{typed}\nanother\n")

    assert said.code == 0
    assert typed not in said.out
    assert (wrong.code, wrong.err.splitlines()[-1]) == (1, "Error: The two passwords differ.")
    assert can_log_in(database, "liming", typed)


def test_a_weak_password_is_refused(founded: Run) -> None:
    assert founded("user", "password", "liming", "--prompt", stdin="short\nshort\n").code == 1


def test_a_deactivated_officer_is_out(founded: Run, database: Engine) -> None:
    founded("user", "deactivate", "liming")

    with reading(database) as session:
        assert session.exec(select(Officer.active).where(Officer.login == "liming")).one() is False


def test_a_role_can_change(founded: Run, database: Engine) -> None:
    founded("user", "role", "liming", "bureau")

    with reading(database) as session:
        assert session.exec(select(Officer.role).where(Officer.login == "liming")).one() == "bureau"


@pytest.mark.parametrize("arguments", [("password", "nobody"), ("deactivate", "nobody"), ("role", "nobody", "officer")])
def test_an_unknown_account_is_told(founded: Run, arguments: tuple[str, ...]) -> None:
    said = founded("user", *arguments)

    assert (said.code, said.err) == (1, "Error: There is no account nobody.\n")


def test_the_words_of_the_options_are_those_of_the_model() -> None:
    assert set(typing.get_args(RoleName)) == set(Role)
    assert set(typing.get_args(DatumName)) == set(Datum)
