"""The service of ``house``, on both databases and, where that makes no difference, on SQLite alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from corrections.store.database import open_database
from tests.api.house import Service, found, serving
from tests.conftest import Databases


@pytest.fixture(params=["sqlite", "postgresql"])
def service(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Service]:
    with databases.copy(request.param, found) as url:
        engine = open_database(url)
        with serving(engine) as service:
            yield service
        engine.dispose()


@pytest.fixture
def small_service(databases: Databases) -> Iterator[Service]:
    """The same on SQLite."""
    with databases.sqlite(found) as url:
        engine = open_database(url)
        with serving(engine) as service:
            yield service
        engine.dispose()
