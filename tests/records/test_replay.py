"""A subject's day as it is replayed: speeds, gaps, sides, the zones of each moment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from corrections.domain.model import Role, Side, ZoneKind, to_us
from corrections.errors import Invalid, NotFound
from corrections.records import outlines, permits, register, replay, zones
from corrections.records.permits import Basis
from corrections.records.replay import Replay, Speed
from corrections.settings import Settings
from corrections.store.access import Actor
from corrections.store.database import open_database, writing
from corrections.store.tables import AuditEvent, Report, Violation
from tests.conftest import Databases
from tests.review.scene import MINUTE, NOW, RULES, a_violation, settle

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
START, END = NOW - 12 * HOUR, NOW + 12 * HOUR
OFFICER, OTHER = Actor(1, "liming", Role.OFFICER, 1, 1), Actor(2, "zhao", Role.OFFICER, 2, 1)
SQUARE = "POLYGON((120 30, 120.1 30, 120.1 30.1, 120 30.1, 120 30))"
DEGREE_M = 110_852.0  # of latitude, here


def settled(engine: Engine) -> None:
    """A phone that is to report every ten minutes, a zone whose second version took over seven hours ago, a silence since an hour ago."""
    with writing(engine) as session:
        subject = settle(session)
        permits.grant_authority(
            session, None, 1, basis=Basis.ARTICLE26, valid_from=NOW - 5 * DAY, valid_until=NOW + 60 * DAY, approved_by="局长",
            approved_on=NOW - 6 * DAY, rules=RULES, now=NOW,
        )  # fmt: skip
        register.enrol_device(session, None, 1, identifier="P1", rules=RULES, now=NOW)
        outline = outlines.read_outline(SQUARE)
        always = zones.Terms(code="Z1", name="活动区", kind=ZoneKind.INCLUSION)
        zones.publish_zone(session, None, 1, always, outline, valid_from=NOW - 5 * DAY, now=NOW)
        zones.publish_zone(session, None, 1, always, outline, valid_from=NOW - 7 * HOUR, now=NOW)
        a_violation(session, subject, started_at=NOW - HOUR, rule="silence", zone_id=0)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    with databases.copy(request.param, settled) as url:
        engine = open_database(url)
        yield engine
        engine.dispose()


def report(session: Session, at: datetime, north_m: float = 0.0, **more: Any) -> None:
    terms = {"accuracy_m": 20.0, "lat": 30.05 + north_m / DEGREE_M, "lon": 120.05, "digest": to_us(at)} | more
    session.add(Report(subject_id=1, bureau_id=1, device_id=1, fix_time=at, received_at=at, source=1, wire="osmand", raw=b"", **terms))


def played(session: Session, actor: Actor = OFFICER, purpose: str = "核实行踪") -> Replay:
    session.flush()
    return replay.replay(session, actor, 1, START, END, purpose, Settings(), NOW)


def test_a_speed_is_the_phones_or_derived_and_says_when_it_may_be_none(engine: Engine) -> None:
    with writing(engine) as session:
        report(session, NOW - 4 * HOUR)
        report(session, NOW - 4 * HOUR + 10 * MINUTE, 600.0)
        report(session, NOW - 4 * HOUR + 20 * MINUTE, 610.0)
        report(session, NOW - 4 * HOUR + 30 * MINUTE, 610.0, speed_mps=2.5)
        report(session, NOW - 2 * HOUR, 5_000.0)
        speeds = [speed for _, speed in played(session).fixes]

    assert speeds[0] is speeds[4] is None  # nothing before, and a gap before
    assert speeds[1] is not None
    assert (round(speeds[1].mps, 1), speeds[1].own, speeds[1].uncertain) == (1.0, False, False)
    assert speeds[2] is not None
    assert speeds[2].uncertain
    assert speeds[3] == Speed(2.5, own=True, uncertain=False)


def test_a_fix_holds_for_a_while_and_nothing_is_known_of_the_rest_nor_of_the_future(engine: Engine) -> None:
    with writing(engine) as session:
        report(session, NOW - 2 * HOUR)
        found = played(session)

    assert found.hold_s == 1_200
    sides = [((span.start_us - to_us(NOW)) / 60e6, (span.end_us - to_us(NOW)) / 60e6, span.side) for span in found.sides]
    assert sides == [(-720, -120, Side.UNKNOWN), (-120, -100, Side.RIGHT), (-100, 0, Side.UNKNOWN)]


def test_each_version_of_a_zone_has_its_time(engine: Engine) -> None:
    with writing(engine) as session:
        report(session, NOW - 2 * HOUR)
        found = played(session)

    told = [(zone.version, [((a - to_us(NOW)) / 3.6e9, (b - to_us(NOW)) / 3.6e9) for a, b in spans]) for zone, spans in found.zones]
    assert told == [(1, [(-12, -7)]), (2, [(-7, 0)])]


def test_what_is_no_real_position_is_counted_and_not_drawn(engine: Engine) -> None:
    with writing(engine) as session:
        report(session, NOW - 2 * HOUR)
        report(session, NOW - 2 * HOUR + MINUTE, mock=True)
        report(session, NOW - 2 * HOUR + 2 * MINUTE, lat=None, lon=None, accuracy_m=None)
        found = played(session)

    assert (len(found.fixes), found.mocked, found.placeless) == (1, 1, 1)


def test_very_many_fixes_are_thinned_but_not_where_the_side_changes(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "MOST_FIXES", 10)
    with writing(engine) as session:
        for minute in range(100):
            report(session, NOW - 3 * HOUR + minute * MINUTE, 0.0 if minute < 43 else 20_000.0)
        found = played(session)

    assert found.thinned == 10
    assert len(found.fixes) <= 16
    sides = [one.side for one, _ in found.fixes]
    assert sides[0] is Side.RIGHT
    assert sides[-1] is Side.WRONG
    assert [stay.end - stay.start for stay in found.stays] == [42 * MINUTE, 56 * MINUTE]


def test_leave_is_told_within_the_day(engine: Engine) -> None:
    with writing(engine) as session:
        permits.grant_leave(
            session, None, 1, destination="沈阳", valid_from=NOW - 3 * HOUR, valid_until=NOW + 3 * DAY, approved_by="所长", now=NOW
        )
        report(session, NOW - 2 * HOUR)
        found = played(session)

    assert found.leaves == ((to_us(NOW - 3 * HOUR), to_us(END)),)


def test_violations_that_lasted_into_the_day_are_told_and_no_others(engine: Engine) -> None:
    with writing(engine) as session:
        before = session.get_one(Violation, 1)
        values = {
            name: getattr(before, name) for name in Violation.model_fields if name not in ("id", "started_at", "ended_at", "review_state")
        }
        session.add(Violation(**values, started_at=NOW - 2 * DAY, ended_at=NOW - DAY, review_state="queued"))
        session.add(Violation(**values, started_at=NOW - 2 * HOUR, ended_at=NOW - HOUR, review_state="withdrawn"))
        report(session, NOW - 2 * HOUR)
        found = played(session)

    assert [violation.id for violation, _ in found.violations] == [1]


def test_the_look_is_recorded_with_its_purpose(engine: Engine) -> None:
    with writing(engine) as session:
        played(session)
        reads = session.exec(select(AuditEvent).where(AuditEvent.action == "location.read")).all()
        assert [(read.subject_id, read.purpose) for read in reads] == [(1, "核实行踪")]


def test_without_a_purpose_or_a_reach_there_is_none(engine: Engine) -> None:
    with writing(engine) as session, pytest.raises(Invalid):
        played(session, purpose=" ")
    with writing(engine) as session, pytest.raises(NotFound):
        played(session, OTHER)
