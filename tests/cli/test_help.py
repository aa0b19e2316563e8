"""``--help``: every command has it, in the reader's language, and without loading the service."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from corrections import __version__
from corrections.cli.app import app
from tests.cli.conftest import Run

COMMAND = Path(sys.executable).with_name("corrections")
PROMISED = {
    "init", "serve", "worker", "import", "ingest", "backtest", "check", "queue", "log", "verify", "backup", "restore", "user", "doctor",
    "casework", "explain", "leave", "legal", "notices", "own", "roster", "rounds", "try",
}  # fmt: skip


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        yield (*path, name), command
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))


EVERY = dict(commands(typer.main.get_command(app)))


def test_the_promised_commands_are_there() -> None:
    assert {path[0] for path in EVERY if len(path) == 1} == PROMISED


@pytest.mark.parametrize("path", EVERY, ids=" ".join)
def test_every_command_and_option_explains_itself(run: Run, path: tuple[str, ...]) -> None:
    said = run(*path, "--help")

    assert said.code == 0
    assert EVERY[path].help
    assert [p.name for p in EVERY[path].params if not getattr(p, "help", None)] == []


def test_help_is_in_the_language_of_the_settings() -> None:
    said = {}
    for language in ("zh", "en"):
        environment = {"CORRECTIONS_SERVICE__LANGUAGE": language, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
        done = subprocess.run([COMMAND, "doctor", "--help"], capture_output=True, text=True, check=True, env=environment)
        said[language] = done.stdout

    assert "检查本安装" in said["zh"]
    assert "Examine this installation" in said["en"]


def test_help_loads_neither_the_database_nor_the_web() -> None:
    heavy = "sqlalchemy", "numpy", "shapely", "fastapi", "pydantic", "alembic", "uvicorn"
    program = f"import sys; import corrections.cli; print([m for m in {heavy!r} if m in sys.modules])"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def test_the_version_is_told(run: Run) -> None:
    assert run("--version").out == f"corrections {__version__}\n"
