from __future__ import annotations

from collections.abc import Iterator

import pytest

from corrections.store.database import open_database
from tests.conftest import Databases
from tests.console.desk import Desk, found, serving


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Desk]:
    with databases.copy(request.param, found) as url:
        engine = open_database(url)
        with serving(engine) as desk:
            yield desk
        engine.dispose()
