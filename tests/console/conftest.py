from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from tests.console.desk import Desk, found, serving


@pytest.fixture
def desk(database: Engine) -> Iterator[Desk]:
    found(database)
    with serving(database) as desk:
        yield desk
