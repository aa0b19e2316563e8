"""Killed with SIGKILL at any moment, the service loses nothing it acknowledged, doubles nothing, and finds the same violations."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlmodel import col, func, select

from corrections import clock
from corrections.domain.model import to_us
from corrections.ingest.message import Sender
from corrections.ingest.osmand import decode
from corrections.ingest.writer import Ingest
from corrections.settings import Settings
from corrections.store.database import open_database, reading
from corrections.store.tables import Report
from tests.e2e.conftest import Service, free_port
from tests.monitor.conftest import LAT, LON, M_PER_DEG_LON, District, build
from tests.monitor.test_any_order import said

pytestmark = pytest.mark.slow

SUBJECTS, EACH = 20, 500
STEP = timedelta(minutes=4)
KILLS = 5
SEED = 20261124


@dataclass
class Phones:
    """Every report of the run, who sent which, and what was acknowledged."""

    port: int
    queues: list[list[str]]
    acknowledged: list[int] = field(default_factory=lambda: [0] * SUBJECTS)

    @property
    def sent(self) -> int:
        return sum(self.acknowledged)

    @property
    def all_sent(self) -> bool:
        return self.sent == sum(map(len, self.queues))

    async def send_until(self, enough: int) -> None:
        """All phones at once, each one fix at a time from the head of its queue, until so many are acknowledged or the service is gone."""
        await asyncio.gather(*(self._phone(i, enough) for i in range(SUBJECTS)))

    async def _phone(self, number: int, enough: int) -> None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return
        queue = self.queues[number]
        try:
            while self.acknowledged[number] < len(queue) and self.sent < enough:
                writer.write(
                    f"POST /ingest/osmand?{queue[self.acknowledged[number]]} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode()
                )
                status = await reader.readline()
                while (await reader.readline()).strip():
                    pass
                assert b" 200 " in status or not status, status
                if not status:
                    return
                self.acknowledged[number] += 1
        except ConnectionError:
            return
        finally:
            writer.close()


def the_reports(district: District, now: datetime) -> list[list[str]]:
    """For each phone its queue of query strings: a random walk in and out of the permitted area."""
    rng = random.Random(SEED)
    queues = []
    for credential in district.credentials:
        east, queue = 0.0, []
        for i in range(EACH):
            if rng.random() < 0.03:
                east = rng.choice([0.0, 0.0, 2_000.0, 6_500.0, 9_000.0])
            at = to_us(now - timedelta(hours=36) + i * STEP) // 1_000_000
            lon = LON + (east + rng.gauss(0, 20)) / M_PER_DEG_LON
            queue.append(f"id={credential}&timestamp={at}&lat={LAT}&lon={lon:.6f}&accuracy=20")
        queues.append(queue)
    return queues


@pytest.fixture(params=["sqlite", "postgresql"])
def two_urls(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> Iterator[tuple[str, District, str]]:
    """Two databases with the same district in them, and the district: one for the run that is killed, one for the undisturbed."""
    now = clock.now().replace(microsecond=0)
    if request.param == "sqlite":
        first, second = tmp_path / "killed.db", tmp_path / "undisturbed.db"
        shutil.copy(sqlite_template, first)
        url, other = f"sqlite:///{first}", f"sqlite:///{second}"
    else:
        url = request.getfixturevalue("postgresql_url")
        other = make_url(url).set(database="undisturbed").render_as_string(hide_password=False)
    engine = open_database(url)
    district = build(engine, Settings(), SUBJECTS, now)
    engine.dispose()
    if request.param == "sqlite":
        shutil.copy(first, second)
        yield url, district, other
        return
    admin = create_engine(request.getfixturevalue("postgresql_server"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE undisturbed TEMPLATE {make_url(url).database}"))
    yield url, district, other
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE undisturbed WITH (FORCE)"))
    admin.dispose()


def undisturbed(district: District, url: str, queues: list[list[str]]) -> list[dict[str, object]]:
    engine = open_database(url)
    ingest = Ingest(engine, district.settings)
    for credential, queue in zip(district.credentials, queues, strict=True):
        messages = [m for query in queue for m in decode(query.encode(), b"", UTC).messages]
        assert ingest.take_now(Sender((credential,)), "osmand", messages).authentic
    return evaluated(district, engine)


def evaluated(district: District, engine: object) -> list[dict[str, object]]:
    ready = replace(district, engine=engine)  # type: ignore[arg-type]
    ready.evaluate(clock.now())
    result = said(ready.violations())
    ready.engine.dispose()
    return result


def test_what_was_acknowledged_is_there_once_and_the_violations_are_the_same(two_urls: tuple[str, District, str]) -> None:
    url, district, other = two_urls
    queues = the_reports(district, clock.now())
    service = Service(url, free_port())
    phones = Phones(service.port, queues)
    moments = sorted(random.Random(SEED).sample(range(1, SUBJECTS * EACH), KILLS))

    try:
        for enough in [*moments, SUBJECTS * EACH]:
            service.start()
            asyncio.run(phones.send_until(enough))
            service.kill()
        while not phones.all_sent:
            service.start()
            asyncio.run(phones.send_until(SUBJECTS * EACH))
            service.kill()
    finally:
        service.kill()

    engine = open_database(url)
    with reading(engine) as session:
        stored = Counter(session.exec(select(Report.subject_id).where(col(Report.lat).is_not(None))).all())
        distinct = session.exec(select(func.count(func.distinct(col(Report.digest))))).one()
    assert stored == dict.fromkeys(district.subjects, EACH)
    assert distinct == SUBJECTS * EACH
    found = evaluated(district, engine)
    assert found == undisturbed(district, other, queues)
    assert len(found) > SUBJECTS
