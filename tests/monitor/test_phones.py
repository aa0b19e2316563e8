"""Low batteries and withdrawn permissions: to the subject at once, to the officer when contacts show that they last."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from corrections.domain.model import ClientState, Nature, NoticeKind, Recipient, Rule, Severity, SubjectStatus
from corrections.monitor.violations import ABOUT_CONTACT
from corrections.records import register
from corrections.review.events import EventKind
from corrections.settings import Battery, Permission, Rules, Settings
from corrections.store.database import open_database, reading, writing
from corrections.store.tables import Notice, Outage, ReviewEvent, SubjectState, Violation
from tests.monitor.conftest import NOW, District

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
START = NOW - 20 * HOUR
OFF, ALLOWED = ClientState.PERMISSION_OFF, ClientState.ALLOWED


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Engine]:
    """SQLite: what is asked of the database here is asked of both kinds in the tests of silence."""
    engine = open_database(sqlite_url)
    yield engine
    engine.dispose()


def heard(district: District, at: datetime, east_m: float | None = 0.0, *, received_at: datetime | None = None, **more: Any) -> None:
    district.store([district.report(0, at, east_m, received_at=received_at, **more)])
    district.evaluate(received_at or at)


def every_ten_minutes(district: District, start: datetime, until: datetime, east_m: float | None = 0.0, **more: Any) -> None:
    while start < until:
        heard(district, start, east_m, **more)
        start += 10 * MINUTE


def state(district: District) -> SubjectState:
    with reading(district.engine) as session:
        found = session.get_one(SubjectState, district.subjects[0])
        session.expunge_all()
        return found


def told(district: District, *, waiting: bool = True) -> list[tuple[str, str, datetime]]:
    with reading(district.engine) as session:
        about_it = col(Notice.kind).in_([kind.value for kind in ABOUT_CONTACT])
        found = session.exec(select(Notice).where(about_it).order_by(col(Notice.id))).all()
        return [(n.recipient, n.kind, n.at) for n in found if not waiting or n.done_at is None]


def of(district: District, rule: Rule) -> list[Violation]:
    return [v for v in district.violations() if v.rule == rule]


# ---- battery


def test_a_low_battery_is_told_to_the_subject_at_once(district: District) -> None:
    heard(district, START, battery_pct=50.0)
    heard(district, START + 10 * MINUTE, battery_pct=14.0, charging=False)

    assert told(district) == [(Recipient.SUBJECT, NoticeKind.LOW_BATTERY, START + 10 * MINUTE)]
    assert (state(district).battery_pct, state(district).low_battery_since) == (14.0, START + 10 * MINUTE)
    assert district.violations() == []


def test_it_is_the_officers_when_contacts_show_that_it_lasts(district: District) -> None:
    every_ten_minutes(district, START, START + 4 * HOUR, battery_pct=9.0)
    assert district.violations() == []

    heard(district, START + 4 * HOUR, battery_pct=9.0)

    (violation,) = of(district, Rule.LOW_BATTERY)
    assert (violation.nature, violation.severity, violation.officer_id) == (Nature.TECHNICAL, Severity.LOW, district.officer_id)
    assert (violation.started_at, violation.opened_at, violation.ended_at) == (START, START + 4 * HOUR, None)
    assert "电量低（9%）" in violation.reason_zh
    assert "本身不说明违规" in violation.reason_zh


def test_its_history_shows_that_the_subject_was_reminded(district: District) -> None:
    every_ten_minutes(district, START, START + 4 * HOUR + MINUTE, battery_pct=9.0)

    with reading(district.engine) as session:
        content = [e.content for e in session.exec(select(ReviewEvent).where(ReviewEvent.kind == EventKind.NOTIFIED.value))]
    assert [(c["recipient"], c["kind"], c["since"]) for c in content] == [("subject", "low_battery", START.isoformat())]


@pytest.mark.parametrize("well", [{"battery_pct": 25.0}, {"battery_pct": 9.0, "charging": True}, {"charging": True}])
def test_it_ends_when_the_phone_charges_or_is_well_again(district: District, well: dict[str, Any]) -> None:
    every_ten_minutes(district, START, START + 5 * HOUR, battery_pct=9.0)

    heard(district, START + 5 * HOUR, **well)

    (violation,) = of(district, Rule.LOW_BATTERY)
    assert violation.ended_at == START + 5 * HOUR
    assert state(district).low_battery_since is None
    assert told(district) == []


def test_between_low_and_well_nothing_changes(district: District) -> None:
    heard(district, START, battery_pct=9.0)
    heard(district, START + 10 * MINUTE, battery_pct=20.0)
    assert len(told(district)) == 1
    heard(district, START + 20 * MINUTE, battery_pct=30.0)
    heard(district, START + 30 * MINUTE, battery_pct=20.0)

    assert told(district) == []
    assert len(told(district, waiting=False)) == 1


def test_a_low_battery_that_charges_is_no_matter(district: District) -> None:
    every_ten_minutes(district, START, START + 6 * HOUR, battery_pct=9.0, charging=True)

    assert (told(district), district.violations()) == ([], [])


def test_without_contact_it_is_the_silence_that_counts(district: District) -> None:
    heard(district, START, battery_pct=9.0)
    heard(district, START + 5 * HOUR, battery_pct=90.0)

    assert [v.rule for v in district.violations()] == [Rule.SILENCE]


def test_what_a_buffered_report_says_of_the_phone_is_history(district: District) -> None:
    heard(district, START, battery_pct=90.0)
    heard(district, START - 3 * HOUR, battery_pct=3.0, received_at=START + MINUTE, client_state=OFF)

    assert told(district) == []
    assert (state(district).battery_pct, state(district).permission_off_since) == (90.0, None)


def test_of_reports_that_came_together_the_newest_fix_counts(district: District) -> None:
    at = START + 10 * MINUTE
    district.store(
        [district.report(0, START + i * MINUTE, received_at=at, battery_pct=level) for i, level in ((2, 60.0), (1, 9.0), (3, 61.0))]
    )
    district.evaluate(at)

    assert (state(district).battery_pct, told(district)) == (61.0, [])


def test_time_in_which_we_were_down_does_not_count_for_a_phone(district: District) -> None:
    every_ten_minutes(district, START, START + HOUR, battery_pct=9.0)
    with writing(district.engine) as session:
        session.add(Outage(began_at=START + HOUR, ended_at=START + 2 * HOUR))

    every_ten_minutes(district, START + 2 * HOUR, START + 5 * HOUR, battery_pct=9.0)
    assert of(district, Rule.LOW_BATTERY) == []
    heard(district, START + 5 * HOUR, battery_pct=9.0)

    assert [v.opened_at for v in of(district, Rule.LOW_BATTERY)] == [START + 5 * HOUR]


def test_the_battery_rule_is_the_bureaus_to_set(district: District) -> None:
    district.settings = Settings(rules=Rules(battery=Battery(below_pct=50, back_pct=60, officer_after_hours=1, severity=Severity.MEDIUM)))

    every_ten_minutes(district, START, START + HOUR + MINUTE, battery_pct=40.0)

    assert [v.severity for v in of(district, Rule.LOW_BATTERY)] == [Severity.MEDIUM]


# ---- permission


def test_a_withdrawn_permission_is_told_to_the_subject_at_once(district: District) -> None:
    heard(district, START)
    heard(district, START + 10 * MINUTE, None, client_state=OFF)

    assert told(district) == [(Recipient.SUBJECT, NoticeKind.PERMISSION_OFF, START + 10 * MINUTE)]
    assert state(district).permission_off_since == START + 10 * MINUTE


def test_a_permission_that_stays_withdrawn_is_the_officers(district: District) -> None:
    heard(district, START, None, client_state=OFF)
    every_ten_minutes(district, START + 10 * MINUTE, START + 2 * HOUR, None)
    assert of(district, Rule.PERMISSION_OFF) == []

    heard(district, START + 2 * HOUR, None)

    (violation,) = of(district, Rule.PERMISSION_OFF)
    assert (violation.started_at, violation.opened_at, violation.severity) == (START, START + 2 * HOUR, Severity.LOW)
    assert "定位权限已关闭" in violation.reason_zh


def test_contact_without_a_position_says_that_the_permission_is_off(district: District) -> None:
    heard(district, START)
    heard(district, START + 10 * MINUTE, None, client_state=OFF)
    every_ten_minutes(district, START + 20 * MINUTE, START + 70 * MINUTE, None)

    (violation,) = of(district, Rule.NO_POSITION)
    assert violation.evidence["cause"] == "permission_off"
    assert "定位程序报告：定位权限已关闭" in violation.reason_zh


def test_it_ends_when_the_app_says_that_it_may_read_the_location_again(district: District) -> None:
    heard(district, START, None, client_state=OFF)
    every_ten_minutes(district, START + 10 * MINUTE, START + 3 * HOUR, None)

    heard(district, START + 3 * HOUR, None, client_state=ALLOWED)

    assert [v.ended_at for v in of(district, Rule.PERMISSION_OFF)] == [START + 3 * HOUR]
    assert told(district) == []


def test_a_position_measured_since_proves_the_permission(district: District) -> None:
    heard(district, START, None, client_state=OFF)
    every_ten_minutes(district, START + 10 * MINUTE, START + 3 * HOUR, None)

    heard(district, START - MINUTE, received_at=START + 3 * HOUR)  # buffered from before
    assert [v.ended_at for v in of(district, Rule.PERMISSION_OFF)] == [None]
    heard(district, START + 3 * HOUR + MINUTE, mock=True)
    assert [v.ended_at for v in of(district, Rule.PERMISSION_OFF)] == [None]
    heard(district, START + 3 * HOUR + 2 * MINUTE)

    assert [v.ended_at for v in of(district, Rule.PERMISSION_OFF)] == [START + 3 * HOUR + 2 * MINUTE]


def test_the_permission_rule_is_the_bureaus_to_set(district: District) -> None:
    district.settings = Settings(rules=Rules(permission=Permission(officer_after_hours=0.5, severity=Severity.HIGH)))

    heard(district, START, None, client_state=OFF)
    every_ten_minutes(district, START + 10 * MINUTE, START + 31 * MINUTE, None)

    assert [v.severity for v in of(district, Rule.PERMISSION_OFF)] == [Severity.HIGH]


def test_both_end_with_the_monitoring(district: District) -> None:
    every_ten_minutes(district, START, START + 5 * HOUR, None, battery_pct=9.0, client_state=OFF)
    assert {v.rule for v in district.violations()} == {Rule.LOW_BATTERY, Rule.PERMISSION_OFF, Rule.NO_POSITION}
    end = START + 5 * HOUR
    with writing(district.engine) as session:
        register.change_status(session, None, district.subjects[0], status=SubjectStatus.CUSTODY, since=end, rules=Rules(), now=end)

    district.evaluate(end)

    assert {v.ended_at for v in district.violations()} == {end}
    assert told(district) == []
    assert (state(district).low_battery_since, state(district).permission_off_since) == (None, None)
