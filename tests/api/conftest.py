"""The service of ``house``, on both databases and, where that makes no difference, on SQLite alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from corrections.store.database import open_database
from tests.api.house import Service, found, serving


@pytest.fixture
def service(database: Engine) -> Iterator[Service]:
    found(database)
    with serving(database) as service:
        yield service


@pytest.fixture(scope="session")
def founded(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("founded") / "founded.db"
    shutil.copy(sqlite_template, file)
    engine = open_database(f"sqlite:///{file}")
    found(engine)
    engine.dispose()
    return file


@pytest.fixture
def small_service(founded: Path, tmp_path: Path) -> Iterator[Service]:
    """The same on SQLite."""
    file = tmp_path / "small.db"
    shutil.copy(founded, file)
    engine = open_database(f"sqlite:///{file}")
    with serving(engine) as service:
        yield service
    engine.dispose()
