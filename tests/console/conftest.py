from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from corrections.store.database import open_database
from tests.conftest import Databases
from tests.console.desk import Desk, found, serving


@pytest.fixture
def desk(databases: Databases) -> Iterator[Desk]:
    """On SQLite: what the pages call is tested on both databases, and ``test_both_databases`` opens every page on PostgreSQL."""
    with _desk(databases, "sqlite") as desk:
        yield desk


@pytest.fixture
def desk_on_postgresql(databases: Databases) -> Iterator[Desk]:
    with _desk(databases, "postgresql") as desk:
        yield desk


@contextmanager
def _desk(databases: Databases, kind: str) -> Iterator[Desk]:
    with databases.copy(kind, found) as url:
        engine = open_database(url)
        with serving(engine) as desk:
            yield desk
        engine.dispose()
