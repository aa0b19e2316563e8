"""How alarms were handled, in figures that can be reckoned by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from corrections.domain.model import Role
from corrections.errors import Forbidden, Invalid
from corrections.records.statistics import statistics
from corrections.settings import Settings
from corrections.store.access import Actor
from corrections.store.database import open_database, reading, writing
from tests.conftest import Databases
from tests.review.scene import HOUR, NOW, a_subject, a_violation, settle

DAY = timedelta(days=1)
TODAY = date(2026, 3, 2)
TERMS = Settings().false_alarms
HEAD = Actor(3, "head", Role.OFFICE_HEAD, 1, 1)
BUREAU = Actor(9, "bureau", Role.BUREAU, 1, 1)
AUDITOR = Actor(9, "auditor", Role.AUDITOR, 1, 1)


def settled(engine: Engine) -> None:
    """Of the first office three decided after 1, 2 and 9 hours (the last one late; the first a false alarm), two that wait, one of them
    overdue; one of the second office decided after 4 hours; one long ago."""
    with writing(engine) as session:
        subject = settle(session)
        other = a_subject(session, "S9", office_id=2, officer="zhao")
        for zone, (hours, decision) in enumerate(((1, "false_alarm"), (2, "confirmed"), (9, "confirmed")), start=10):
            decided(session, subject, zone, hours, decision)
        decided(session, other, 20, 4, "reasonable_excuse")
        decided(session, subject, 30, 5, "confirmed", found=NOW - 60 * DAY)
        a_violation(session, subject, zone_id=40, detected_at=NOW - HOUR)
        a_violation(session, subject, zone_id=41, detected_at=NOW - HOUR).due_at = NOW - timedelta(minutes=1)


def decided(session: Session, subject: object, zone: int, hours: float, decision: str, found: object = None) -> None:
    at = found or NOW - 10 * HOUR
    one = a_violation(session, subject, zone_id=zone, detected_at=at)  # type: ignore[arg-type]
    one.detected_at, one.due_at, one.decided_at = at, at + 8 * HOUR, at + hours * HOUR  # type: ignore[operator]
    one.review_state, one.decision, one.decided_by = "decided", decision, 1


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    with databases.copy(request.param, settled) as url:
        engine = open_database(url)
        yield engine
        engine.dispose()


def test_an_office_has_its_figures(engine: Engine) -> None:
    with reading(engine) as session:
        found = statistics(session, HEAD, TODAY - 6 * DAY, TODAY, settings=TERMS, now=NOW)

    assert len(found.offices) == 1
    row = found.offices[0]
    assert (row.decided, row.false_alarms, row.in_time, row.median_hours) == (3, 1, 2, 2.0)
    assert (row.waiting, row.overdue) == (2, 1)
    assert row.false_share == pytest.approx(1 / 3)
    assert found.total.found == 5


def test_the_bureau_sees_all_its_offices(engine: Engine) -> None:
    with reading(engine) as session:
        found = statistics(session, BUREAU, TODAY - 6 * DAY, TODAY, settings=TERMS, now=NOW)

    assert {row.office_id: row.decided for row in found.offices}[2] == 1
    assert found.total.decided == 4
    assert found.total.median_hours == 3.0
    assert found.decisions == {"confirmed": 2, "false_alarm": 1, "authorised_absence": 0, "reasonable_excuse": 1}


def test_every_day_is_there_once_and_the_days_add_up(engine: Engine) -> None:
    with reading(engine) as session:
        found = statistics(session, BUREAU, TODAY - 6 * DAY, TODAY, settings=TERMS, now=NOW)

    assert [day for day, *_ in found.by_day] == [TODAY - n * DAY for n in range(6, -1, -1)]
    assert sum(count for _, count, _, _ in found.by_day) == found.total.found
    assert sum(done for _, _, done, _ in found.by_day) == found.total.decided


def test_days_the_wrong_way_round_and_roles_that_review_nothing_are_refused(engine: Engine) -> None:
    with reading(engine) as session:
        with pytest.raises(Invalid):
            statistics(session, BUREAU, TODAY, TODAY - DAY, settings=TERMS, now=NOW)
        with pytest.raises(Forbidden):
            statistics(session, AUDITOR, TODAY, TODAY, settings=TERMS, now=NOW)
