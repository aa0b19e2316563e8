"""The scene with addresses on the channel ``hook``, and a webhook."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from corrections.store.database import open_database, writing
from tests.notify.scene import Post
from tests.review.scene import an_officer, settle


@pytest.fixture
def post() -> Iterator[Post]:
    post = Post()
    yield post
    post.server.shutdown()
    post.server.server_close()


@pytest.fixture
def office(database: Engine) -> Engine:
    """The scene, with a telephone number of the subject, and an address on the channel ``hook`` for liming, the head and the bureau."""
    return peopled(database)


@pytest.fixture
def small_office(sqlite_url: str) -> Iterator[Engine]:
    """The same on SQLite."""
    engine = open_database(sqlite_url)
    yield peopled(engine)
    engine.dispose()


def peopled(engine: Engine) -> Engine:
    with writing(engine) as session:
        settle(session).phone = "13800138000"
        for login in ("liming", "head", "bureau"):
            an_officer(session, login).addresses = {"hook": f"{login}-desk"}
    return engine
