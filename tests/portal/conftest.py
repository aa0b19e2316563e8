from __future__ import annotations

from collections.abc import Iterator

import pytest

from corrections.store.database import open_database
from tests.conftest import Databases
from tests.portal.phone import Phone, found, serving


@pytest.fixture(params=["sqlite", "postgresql"])
def phone(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Phone]:
    with databases.copy(request.param, found) as url:
        engine = open_database(url)
        with serving(engine) as phone:
            yield phone
        engine.dispose()


@pytest.fixture
def small_phone(databases: Databases) -> Iterator[Phone]:
    """The same on SQLite."""
    with databases.sqlite(found) as url:
        engine = open_database(url)
        with serving(engine) as phone:
            yield phone
        engine.dispose()
