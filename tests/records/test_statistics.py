"""How alarms were handled, in figures that can be reckoned by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from corrections.domain.model import Role
from corrections.errors import Forbidden, Invalid
from corrections.records import register
from corrections.records.statistics import Statistics, statistics
from corrections.settings import Rules
from corrections.settings.measures import FalseAlarms
from corrections.store.access import Actor
from corrections.store.database import open_database, reading, writing
from corrections.store.tables import Bureau, Report, Subject, Violation, Zone
from tests.conftest import Databases
from tests.review.scene import HOUR, MINUTE, NOW, a_subject, a_violation, settle

DAY = timedelta(days=1)
TODAY = date(2026, 3, 2)  # NOW is its 9 o'clock in the bureau's time
TERMS = FalseAlarms(remark_share=0.5, remark_decided=2)
OFFICER = Actor(1, "liming", Role.OFFICER, 1, 1)
HEAD = Actor(3, "head", Role.OFFICE_HEAD, 1, 1)
BUREAU = Actor(9, "bureau", Role.BUREAU, 1, 1)
AUDITOR = Actor(9, "auditor", Role.AUDITOR, 1, 1)
ADMIN = Actor(9, "admin", Role.ADMINISTRATOR, 1, 1)


def settled(engine: Engine) -> None:
    """Of the first office, found 10 hours ago and decided after 1, 2, 3 and 9 hours (the last one late), two of them false alarms of zone 1
    and one of these by a second phone; two that wait, for an hour and for two days, the second overdue; one withdrawn. Of the second office
    one that was decided after 4 hours, and one of 60 days ago."""
    with writing(engine) as session:
        subject = settle(session)
        other = a_subject(session, "S9", office_id=2, officer="zhao")
        session.add(Zone(bureau_id=1, code="CITY", name="全市", kind="inclusion"))
        for identifier, client in (("P1", "traccar"), ("P2", "owntracks")):
            register.enrol_device(session, None, 1, identifier=identifier, client=client, rules=Rules(), now=NOW)
        decided(session, subject, 1, "false_alarm", "position_error", last_fix_at=NOW - 10 * HOUR)
        decided(session, subject, 2, "false_alarm", "zone_error")
        decided(session, subject, 3, "confirmed")
        decided(session, subject, 9, "confirmed", decided_by=2, rule="silence", zone_id=0)
        decided(session, other, 4, "reasonable_excuse", decided_by=5, zone_id=0)
        decided(session, other, 5, "confirmed", found=NOW - 60 * DAY, decided_by=5, zone_id=0)
        waits(session, subject, HOUR, due_at=NOW + HOUR)
        waits(session, subject, 2 * DAY, due_at=NOW)
        waits(session, subject, HOUR, review_state="withdrawn")
        of_first_phone: dict[str, Any] = {"subject_id": 1, "device_id": 1, "fix_time": NOW - 10 * HOUR, "received_at": NOW}
        session.add(Report(bureau_id=1, digest=1, lat=None, lon=None, source=1, raw=b"", **of_first_phone))


def decided(
    session: Session,
    subject: Subject,
    hours: float,
    decision: str,
    cause: str | None = None,
    *,
    found: datetime = NOW - 10 * HOUR,
    **more: Any,
) -> None:
    terms = {
        "rule": "boundary", "zone_id": 1, "detected_at": found, "due_at": found + 8 * HOUR, "decided_at": found + hours * HOUR,
        "ended_at": NOW, "review_state": "decided", "decision": decision, "cause": cause, "decided_by": 1,
    }  # fmt: skip
    change(session, a_violation(session, subject), **terms | more)


def waits(session: Session, subject: Subject, since: timedelta, **more: Any) -> None:
    change(session, a_violation(session, subject), **{"ended_at": NOW, "detected_at": NOW - since, "officer_id": 1} | more)


def change(session: Session, violation: Violation, **terms: Any) -> None:
    for name, value in terms.items():
        setattr(violation, name, value)
    session.flush()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    with databases.copy(request.param, settled) as url:
        engine = open_database(url)
        yield engine
        engine.dispose()


def read(engine: Engine, actor: Actor = BUREAU, days: int = 7, last: date = TODAY, **more: Any) -> Statistics:
    with reading(engine) as session:
        return statistics(session, actor, last - (days - 1) * DAY, last, settings=TERMS, now=NOW, **more)


def told(row: Any) -> tuple[int, ...]:
    return row.found, row.decided, row.false_alarms, row.in_time, row.late


def test_an_office_has_its_figures(engine: Engine) -> None:
    found = read(engine, HEAD)

    assert [row.name[0] for row in found.offices] == ["第0司法所"]
    assert told(found.offices[0]) == (6, 4, 2, 3, 1)
    assert (found.offices[0].waiting, found.offices[0].overdue) == (2, 1)
    assert found.offices[0].median_s == 2.5 * 3600
    assert found.offices[0].false_share == 0.5


def test_the_bureau_sees_all_its_offices_and_their_sum(engine: Engine) -> None:
    found = read(engine)

    assert [told(row) for row in found.offices] == [(6, 4, 2, 3, 1), (1, 1, 0, 1, 0)]
    assert told(found.total) == (7, 5, 2, 4, 1)
    assert (found.total.median_s, found.offices[1].median_s) == (3 * 3600, 4 * 3600)
    assert (found.total.waiting, found.total.overdue) == (2, 1)
    assert found.decisions == {"confirmed": 2, "false_alarm": 2, "authorised_absence": 0, "reasonable_excuse": 1}
    assert found.total.causes == {"position_error": 1, "zone_error": 1}


def test_zones_devices_clients_and_rules_have_theirs(engine: Engine) -> None:
    found = read(engine)

    assert [(row.key, row.name[1], told(row)) for row in found.zones] == [("1", "全市 (CITY)", (3, 3, 2, 3, 0))]
    assert found.zones[0].remark == (
        "此围栏 3 次核查中有 2 次误报，请检查并调整边界。",
        "This zone raised 2 false alarms of 3: move the line.",
    )
    assert found.zones[0].causes == {"position_error": 1, "zone_error": 1}
    assert [(row.name[1], row.subject_id, told(row)[:3]) for row in found.devices] == [("P2 (S1)", 1, (5, 3, 1)), ("P1 (S1)", 1, (1, 1, 1))]
    assert [(row.name[1], told(row)[:3]) for row in found.clients] == [
        ("owntracks", (5, 3, 1)),
        ("traccar", (1, 1, 1)),
        ("not said", (1, 1, 0)),
    ]
    assert [(row.key, told(row)[:3]) for row in found.rules] == [("boundary", (4, 4, 2)), ("silence", (3, 1, 0))]


def test_of_many_zones_those_with_the_most_false_alarms_are_told(engine: Engine) -> None:
    with writing(engine) as session:
        session.add(Zone(bureau_id=1, code="PARK", name="公园", kind="exclusion"))
        session.flush()
        subject = session.exec(select(Subject).where(Subject.number == "S1")).one()
        for _ in range(3):
            decided(session, subject, 1, "confirmed", zone_id=2)

    assert [row.key for row in read(engine).zones] == ["1", "2"]
    assert [row.key for row in read(engine, most=1).zones] == ["1"]


def test_officers_are_told_to_heads_alone_in_the_order_of_names(engine: Engine) -> None:
    found = read(engine, HEAD)

    assert [(row.name[0], row.decided, row.in_time, row.median_s, row.waiting, row.overdue) for row in found.officers] == [
        ("liming名", 3, 3, 2 * 3600, 2, 1),
        ("wangfang名", 1, 0, 9 * 3600, 0, 0),
    ]
    assert read(engine, OFFICER).officers == []
    assert told(read(engine, OFFICER).total) == (6, 4, 2, 3, 1)


def test_what_waits_is_told_by_its_age(engine: Engine) -> None:
    ages = [(age.waiting, age.overdue) for age in read(engine).ages]

    assert ages == [(0, 0), (1, 0), (0, 0), (1, 1), (0, 0), (0, 0)]


def test_every_day_is_there_once_in_the_bureaus_time_and_the_days_add_up(engine: Engine) -> None:
    found = read(engine)

    assert [one.day for one in found.days] == [TODAY - n * DAY for n in range(6, -1, -1)]
    yesterday, today = found.days[-2:]
    assert (yesterday.found, yesterday.decided, yesterday.false_alarms) == (5, 0, 0)  # 23:00
    assert (today.found, today.decided, today.false_alarms) == (1, 5, 2)  # from 00:00 on; what waits for an hour
    assert sum(one.found for one in found.days) == found.total.found


def test_a_span_has_its_own_and_one_before_it(engine: Engine) -> None:
    assert read(engine, days=1, last=TODAY).previous == (TODAY - DAY, TODAY - DAY)
    assert told(read(engine, days=1).total) == (1, 5, 2, 4, 1)
    assert told(read(engine, days=7, last=TODAY - 58 * DAY).total) == (1, 1, 0, 1, 0)
    assert read(engine, days=7, last=TODAY - 100 * DAY).total.median_s is None
    assert read(engine, days=7, last=TODAY - 100 * DAY).total.false_share is None


def test_a_midnight_belongs_to_the_day_that_it_begins(engine: Engine) -> None:
    midnight = NOW - 9 * HOUR
    with writing(engine) as session:
        subject = session.exec(select(Subject).where(Subject.number == "S9")).one()
        for at in (midnight - timedelta(microseconds=1), midnight + DAY - timedelta(microseconds=1), midnight + DAY):
            decided(session, subject, 0, "confirmed", found=at, zone_id=0)

    assert told(read(engine, days=1).offices[1])[:2] == (1, 2)  # the one of 04:00 that was found before, too
    assert read(engine, days=1).days[0].found == 2


def test_days_the_wrong_way_round_and_roles_that_review_nothing_are_refused(engine: Engine) -> None:
    with pytest.raises(Invalid):
        read(engine, days=0)
    with pytest.raises(Invalid):
        read(engine, days=TERMS.most_days + 1)
    for actor in (AUDITOR, ADMIN):
        with pytest.raises(Forbidden):
            read(engine, actor)


def test_two_days_a_year_are_longer_or_shorter_where_clocks_are_changed(engine: Engine) -> None:
    with writing(engine) as session:
        session.get_one(Bureau, 1).timezone = "Europe/Berlin"
        subject = session.exec(select(Subject).where(Subject.number == "S9")).one()
        spring = datetime.fromisoformat("2026-03-29T00:00:00+01:00")  # 23 hours long
        for minutes in (-1, 0, 23 * 60 - 1, 23 * 60):
            decided(session, subject, 0, "confirmed", found=spring + minutes * MINUTE, zone_id=0)

    assert [one.found for one in read(engine, days=3, last=date(2026, 3, 30)).days] == [1, 2, 1]
