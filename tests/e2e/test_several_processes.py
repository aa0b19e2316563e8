"""On PostgreSQL the same program runs as several processes: those that take reports in, and those that evaluate."""

from __future__ import annotations

from datetime import timedelta

import httpx2
import pytest
from sqlmodel import select

from corrections import clock
from corrections.domain.model import Rule, to_us
from corrections.settings import Settings
from corrections.store.database import open_database, reading
from corrections.store.tables import ReviewEvent
from tests.e2e.conftest import Service, free_port
from tests.monitor.conftest import LAT, LON, M_PER_DEG_LON, build

pytestmark = pytest.mark.slow

SUBJECTS = 6
PATIENCE = 600  # looks, a tenth of a second apart


def test_reports_taken_in_by_one_process_are_evaluated_once_by_the_workers(postgresql_url: str) -> None:
    now = clock.now().replace(microsecond=0)
    engine = open_database(postgresql_url)
    district = build(engine, Settings(), SUBJECTS, now)
    doors = [Service(postgresql_url, free_port(), ("serve", "--web")) for _ in range(2)]
    workers = [Service(postgresql_url, arguments=("worker",)) for _ in range(2)]

    try:
        for process in (*doors, *workers):
            process.start()
        for number, credential in enumerate(district.credentials):
            for i, east_m in enumerate((0, 0, 9_000, 9_000, 9_000)):
                at = to_us(now - timedelta(hours=2) + i * timedelta(minutes=10)) // 1_000_000
                query = {"id": credential, "timestamp": at, "lat": LAT, "lon": LON + east_m / M_PER_DEG_LON, "accuracy": 20}
                port = doors[number % 2].port
                assert httpx2.post(f"http://127.0.0.1:{port}/ingest/osmand", params=query).status_code == 200
        for _ in range(PATIENCE):
            if len(district.violations()) == SUBJECTS and all(v.evidence["fixes"] == 3 for v in district.violations()):
                break
            workers[0].pause(0.1)
    finally:
        for process in (*doors, *workers):
            process.kill()

    assert [v.rule for v in district.violations()] == [Rule.BOUNDARY] * SUBJECTS
    with reading(engine) as session:
        assert len([e for e in session.exec(select(ReviewEvent)) if e.kind == "detected"]) == SUBJECTS
    engine.dispose()
