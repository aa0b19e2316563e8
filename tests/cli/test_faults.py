"""What the command line says when it cannot work: a line or two in the reader's language, exit code 1, never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import Session

from tests.cli.conftest import Run


def test_a_database_that_is_not_there_is_told_and_not_made(run: Run, tmp_path: Path) -> None:
    said = run("user", "list")

    assert said.code == 1
    assert said.err == "Error: There is no database corrections.db yet. Make it with: corrections init\n"
    assert list(tmp_path.iterdir()) == []


def test_the_language_is_that_of_the_settings(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CORRECTIONS_SERVICE__LANGUAGE")

    assert run("user", "list").err == "错误：还没有数据库 corrections.db，请先运行：corrections init\n"


def test_a_server_that_does_not_answer_is_told_without_the_password(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORRECTIONS_DATABASE_URL", "postgresql://who:hidden@127.0.0.1:1/corrections")

    said = run("user", "list")

    assert said.code == 1
    assert said.err.startswith("Error: The database cannot be used: connection failed")
    assert said.err.count("\n") == 1
    assert "hidden" not in said.err


def test_an_older_schema_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "corrections.db").touch()

    assert "not of this version's schema" in run("user", "list").err


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("CORRECTIONS_SERVICE__PORT", "many", "service.port"),
        ("CORRECTIONS_SERVICE", "not json", "service"),
        ("CORRECTIONS_RULES__BOUNDARY__PRESET", "loud", "rules.boundary.preset"),
        ("CORRECTIONS_DATABASE_URL", "nonsense", "database_url"),
        ("CORRECTIONS_DATABASE_URL", "oracle+nothing://x", "database_url"),
    ],
)
def test_a_faulty_setting_is_named(run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str) -> None:
    monkeypatch.setenv(name, value)

    said = run("user", "list")

    assert said.code == 1
    assert told in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(("text", "told"), [("[service]\nprot = 1\n", "service.prot"), ("[service\n", "TOML")])
def test_a_faulty_settings_file_is_told(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "service.toml").write_text(text)
    monkeypatch.setenv("CORRECTIONS_CONFIG", str(tmp_path))

    said = run("doctor")

    assert said.code == 1
    assert told in said.out


def test_what_nobody_foresaw_is_one_line_and_the_way_to_more(founded: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*_: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(Session, "exec", explode)

    said = founded("user", "list")

    assert said.code == 1
    assert "Unexpected error: ZeroDivisionError: by zero" in said.err
    assert "Traceback" not in said.err
    with pytest.raises(ZeroDivisionError):
        founded("--traceback", "user", "list")


@pytest.mark.parametrize(
    "arguments", [("nonsense",), ("user", "add"), ("user", "role", "liming", "king"), ("import", "zones", "missing.json")]
)
def test_wrong_usage_exits_with_2(run: Run, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).code == 2
