"""The command line as a fixture: the real commands on a database of each kind, with what they print."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from corrections.cli.app import app
from corrections.clock import SetClock, using
from tests.conftest import Databases

CONFIG = Path(__file__).parents[2] / "config"
NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


@dataclass
class Said:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


FILES = {
    "offices": "code,name\nYX1,城关司法所\n",
    "officers": "login,name,role,office\nwangfang,王芳,所长,YX1\nliming,李明,officer,YX1\n",
    "subjects": (
        "number,name,category,level,office,officer,term_from,term_until,basis,approved_by,device\n"
        "S1,张三,缓刑,严管,YX1,liming,2026-01-01,2026-12-31,信息化核查,周局长,phone-1\n"
    ),
}


Run = Callable[..., Said]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database_url" in metafunc.fixturenames and metafunc.definition.get_closest_marker("both_databases"):
        metafunc.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, databases: Databases) -> Iterator[str]:
    """SQLite, for what the commands call has tests of its own on both kinds of database; both for a test that is marked so. Empty, or
    with the bureau of ``founded`` where that is asked for."""
    with databases.copy(getattr(request, "param", "sqlite"), _found if "founded" in request.fixturenames else None) as url:
        yield url


@pytest.fixture
def clock() -> Iterator[SetClock]:
    with using(SetClock(NOW)) as set_clock:
        assert isinstance(set_clock, SetClock)
        yield set_clock


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clock: SetClock) -> Run:
    """Run a command in an empty folder with the project's settings, in English."""
    monkeypatch.setenv("CORRECTIONS_CONFIG", str(CONFIG))
    monkeypatch.setenv("CORRECTIONS_SERVICE__LANGUAGE", "en")
    monkeypatch.chdir(tmp_path)

    def _run(*arguments: object, stdin: str | None = None) -> Said:
        done = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Said(done.exit_code, done.stdout, done.stderr)

    return _run


@pytest.fixture
def on_database(run: Run, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """``run`` on a migrated, empty database of each kind."""
    monkeypatch.setenv("CORRECTIONS_DATABASE_URL", database_url)
    return run


@pytest.fixture
def founded(on_database: Run, database: Engine) -> Run:
    """``run`` where there is a bureau YX with an administrator, an office YX1, its head and an officer, and subject S1."""
    return on_database


def _found(engine: Engine) -> None:
    """By the commands themselves."""
    address = engine.url.render_as_string(hide_password=False)
    environment = {"CORRECTIONS_CONFIG": str(CONFIG), "CORRECTIONS_SERVICE__LANGUAGE": "en", "CORRECTIONS_DATABASE_URL": address}
    with using(SetClock(NOW)), tempfile.TemporaryDirectory() as folder:
        commands = [["init", "--code", "YX", "--name", "云溪区司法局"]]
        for kind, text in FILES.items():
            file = Path(folder) / f"{kind}.csv"
            file.write_text(text, encoding="utf-8")
            commands.append(["import", kind, str(file)])
        for command in commands:
            done = CliRunner().invoke(app, command, env=environment)
            assert done.exit_code == 0, done.output
