"""Which zones, clients and rules raise false alarms, and where to look."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from corrections.domain.model import Decision, FalseAlarmCause, Rule, ZoneKind
from corrections.errors import Forbidden, Invalid
from corrections.records import figures, register
from corrections.settings import Rules
from corrections.settings.measures import FalseAlarms
from corrections.store.database import writing
from corrections.store.tables import Report, Subject, Zone
from tests.review.scene import HOUR, NOW, a_subject, a_violation, an_actor, settle

SETTINGS = FalseAlarms(remark_share=0.8, remark_decided=5)
TODAY = date(2026, 3, 2)
C = FalseAlarmCause


@pytest.fixture
def office(database: Engine) -> Engine:
    """Zone 1; subject 1 with phone 1 (a Traccar client), subject 2 in the second office with phone 2."""
    with writing(database) as session:
        settle(session)
        a_subject(session, "S2", office_id=2, officer="zhao")
        session.add(Zone(bureau_id=1, code="CITY", name="全市", kind=ZoneKind.INCLUSION.value))
        for number, client in ((1, "Traccar Client 9"), (2, "")):
            register.enrol_device(session, None, number, identifier=f"P{number}", client=client, rules=Rules(), now=NOW)
        session.flush()
    return database


def decided(session: Session, number: int, cause: FalseAlarmCause | None, subject_id: int = 1, **changes: Any) -> None:
    """So many decided violations; ``cause`` None: they were confirmed."""
    decision = Decision.CONFIRMED if cause is None else Decision.FALSE_ALARM
    terms = {
        "rule": Rule.BOUNDARY.value, "zone_id": 1, "ended_at": NOW, "review_state": "decided", "decision": decision.value,
        "cause": cause.value if cause else None, "decided_at": NOW, "last_fix_at": NOW - HOUR,
    } | changes  # fmt: skip
    for _ in range(number):
        violation = a_violation(session, session.get_one(Subject, subject_id))
        for name, value in terms.items():
            setattr(violation, name, value)
        session.flush()


def read(session: Session, login: str = "liming", first: date = TODAY, last: date = TODAY) -> figures.Figures:
    return figures.false_alarms(session, an_actor(session, login), first, last, settings=SETTINGS)


def test_shares_and_causes_by_zone_client_and_rule_with_a_remark(office: Engine) -> None:
    with writing(office) as session:
        decided(session, 3, C.POSITION_ERROR)
        decided(session, 1, C.ZONE_ERROR)
        decided(session, 1, None)
        decided(session, 2, None, rule=Rule.SILENCE.value, zone_id=0)
        found = read(session)

    zone = found.by_zone[0]
    assert (zone.key, zone.name_en, zone.decided, zone.false_alarms, zone.share) == ("1", "全市 (CITY)", 5, 4, 0.8)
    assert zone.causes == {C.POSITION_ERROR: 3, C.ZONE_ERROR: 1}
    assert zone.remark[1] == "This zone raised 4 false alarms of 5: move the line."
    assert "4 次误报" in zone.remark[0]
    assert [(row.key, row.decided, row.false_alarms) for row in found.by_rule] == [("boundary", 5, 4), ("silence", 2, 0)]
    assert [(row.key, row.decided, row.remark) for row in found.by_client] == [("Traccar Client 9", 7, None)]
    assert (found.total.decided, found.total.false_alarms, found.total.remark) == (7, 4, None)


def test_few_or_mostly_right_are_not_remarked_on(office: Engine) -> None:
    with writing(office) as session:
        decided(session, 4, C.ZONE_ERROR)
        assert read(session).by_zone[0].remark is None
        decided(session, 2, None)
        assert read(session).by_zone[0].remark is None


def test_the_days_are_those_of_the_bureau_and_both_included(office: Engine) -> None:
    midnight = NOW - timedelta(hours=9)
    with writing(office) as session:
        for at in (midnight - timedelta(microseconds=1), midnight, midnight + timedelta(hours=24)):
            decided(session, 1, C.OTHER, decided_at=at)

        counts = [
            read(session, first=TODAY - timedelta(days=a), last=TODAY + timedelta(days=b)).total.decided
            for a, b in ((0, 0), (1, 0), (1, 1))
        ]
        assert counts == [1, 2, 3]


def test_nobody_counts_beyond_her_reach(office: Engine) -> None:
    with writing(office) as session:
        decided(session, 2, C.OTHER)
        decided(session, 1, C.OTHER, subject_id=2)

        assert [read(session, login).total.decided for login in ("liming", "zhao", "bureau")] == [2, 1, 3]
        assert [row.name_en for row in read(session, "zhao").by_client] == ["not said"]
        with pytest.raises(Forbidden):
            read(session, "auditor")


def test_the_client_is_that_of_the_device_that_reported(office: Engine) -> None:
    with writing(office) as session:
        other = {"subject_id": 1, "device_id": 2, "fix_time": NOW - HOUR, "received_at": NOW}
        session.add(Report(bureau_id=1, digest=1, lat=None, lon=None, source=1, raw=b"", **other))
        decided(session, 1, C.DEVICE_FAULT)

        assert [row.key for row in read(session).by_client] == [""]


def test_nothing_decided_has_no_share(office: Engine) -> None:
    with writing(office) as session:
        found = read(session)

    assert (found.total.decided, found.total.share, found.by_zone) == (0, None, [])


@pytest.mark.parametrize(("first", "last"), [(TODAY, TODAY - timedelta(days=1)), (TODAY - timedelta(days=366), TODAY)])
def test_a_span_that_is_none_or_too_long_is_refused(office: Engine, first: date, last: date) -> None:
    with writing(office) as session, pytest.raises(Invalid):
        read(session, first=first, last=last)
