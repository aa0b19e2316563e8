"""A simulated month of a district (scripts/month): nothing is without an owner, nothing forgotten, and each deadline, reminder and
escalation comes at the very minute that the settings say, by a calendar of working hours that is counted here a second time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from corrections.domain.casework import RequestState
from corrections.domain.deadlines import Clock, Rank
from corrections.domain.model import NoticeKind, Severity
from corrections.settings.queue import SeverityTerm
from corrections.store.database import reading
from corrections.store.tables import LeaveRequest, Notice, ReviewEvent, Violation
from scripts.month import STOP, Month, Simulation, table
from tests.conftest import Databases

ZONE = ZoneInfo("Asia/Shanghai")
MINUTE = timedelta(minutes=1)
# Weekdays of 14 September to 23 October 2026 that are free, and weekend days that are worked instead (State Council, 2025).
FREE = {date(2026, 9, 25), *(date(2026, 10, day) for day in (1, 2, 5, 6, 7))}
WORKED = {date(2026, 9, 20), date(2026, 10, 10)}


def working_minutes() -> list[datetime]:
    """The beginning of each minute in which the bureau works, one after the other."""
    found = []
    for i in range(45):
        day = date(2026, 9, 14) + timedelta(days=i)
        if day in WORKED or (day.weekday() < 5 and day not in FREE):
            for start, until in ((time(8, 30), time(12)), (time(13, 30), time(17, 30))):
                at = datetime.combine(day, start, ZONE)
                while at < datetime.combine(day, until, ZONE):
                    found.append(at)
                    at += MINUTE
    return found


WORKING = working_minutes()


def later(clock: Clock, since: datetime, hours: float) -> datetime:
    """So many hours after ``since``, minute by minute."""
    if clock is Clock.ALWAYS or hours == 0:
        return since + timedelta(hours=hours)
    left = round(hours * 60)
    for minute in WORKING:
        if minute >= since:
            left -= 1
            if left == 0:
                return minute + MINUTE
    raise AssertionError("beyond the calendar")


def earlier(clock: Clock, until: datetime, hours: float) -> datetime:
    if clock is Clock.ALWAYS:
        return until - timedelta(hours=hours)
    return [minute for minute in WORKING if minute < until][-round(hours * 60)]


@pytest.fixture(scope="module")
def month(databases: Databases) -> Iterator[Month]:
    with databases.sqlite() as url:
        month = Simulation(url).run()
        yield month
        month.engine.dispose()


@pytest.fixture(scope="module")
def violations(month: Month) -> list[Violation]:
    with reading(month.engine) as session:
        found = list(session.exec(select(Violation)))
        session.expunge_all()
    return found


@pytest.fixture(scope="module")
def escalations(month: Month) -> dict[int, list[ReviewEvent]]:
    """The first time that each violation went up to each level, in order."""
    with reading(month.engine) as session:
        events = list(session.exec(select(ReviewEvent).where(ReviewEvent.kind == "escalated").order_by(ReviewEvent.id)))
        session.expunge_all()
    found = defaultdict(list)
    for event in events:
        if not event.content.get("again"):
            found[event.violation_id].append(event)
    return found


def term(month: Month, violation: Violation) -> SeverityTerm:
    found: SeverityTerm = getattr(month.settings.queue.deadlines[0], violation.severity)
    return found


def test_the_month_is_a_month_of_a_district(month: Month, violations: list[Violation], capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print("\n" + table(month))

    assert len(violations) > 300
    assert {violation.severity for violation in violations} == set(Severity)
    assert month.restarts == 3


def test_nothing_was_ever_without_an_owner_or_left_lying(month: Month) -> None:
    assert month.ownerless == []
    assert month.left_lying == []


def test_every_violation_is_decided_in_the_end(violations: list[Violation]) -> None:
    assert [violation.id for violation in violations if violation.decided_at is None] == []


def test_each_is_due_at_the_minute_that_the_settings_say(month: Month, violations: list[Violation]) -> None:
    for violation in violations:
        terms = term(month, violation)

        assert violation.due_at == later(terms.clock, violation.detected_at, terms.decide_hours), violation


def test_what_is_not_decided_when_it_is_due_goes_up_that_minute(
    month: Month, violations: list[Violation], escalations: dict[int, list[ReviewEvent]]
) -> None:
    for violation in violations:
        assert violation.decided_at is not None
        if violation.decided_at > violation.due_at:
            terms = term(month, violation)
            assert violation.id is not None
            assert escalations[violation.id][0].at == later(terms.clock, violation.due_at, terms.deputy_hours), violation


def test_each_level_is_reached_at_its_minute(month: Month, violations: list[Violation], escalations: dict[int, list[ReviewEvent]]) -> None:
    reached = 0
    for violation in violations:
        terms, level = term(month, violation), 0
        hours = {Rank.DEPUTY: terms.deputy_hours, Rank.OFFICE_HEAD: terms.office_head_hours, Rank.BUREAU: terms.bureau_hours}
        assert violation.id is not None
        for event in escalations.get(violation.id, []):
            assert event.at == later(terms.clock, violation.due_at, hours[Rank(level + 1)]), (violation, event)
            level, reached = event.content["level"], reached + 1

    assert reached > 30


def test_nothing_goes_up_that_was_decided_in_time(violations: list[Violation], escalations: dict[int, list[ReviewEvent]]) -> None:
    in_time = {v.id for v in violations if v.decided_at is not None and v.decided_at < v.due_at}

    assert in_time & set(escalations) == set()


def test_owners_are_reminded_at_the_minute_before(month: Month, violations: list[Violation]) -> None:
    by_id = {violation.id: violation for violation in violations}
    with reading(month.engine) as session:
        reminders = session.exec(select(Notice).where(Notice.kind == NoticeKind.DUE_SOON.value)).all()
        told = {notice.violation_id: notice.at for notice in reminders}

    assert len(told) > 30
    for number, at in told.items():
        violation = by_id[number]
        terms = term(month, violation)
        assert at == earlier(terms.clock, violation.due_at, terms.remind_hours), violation
    for violation in violations:
        terms = term(month, violation)
        remind_at = earlier(terms.clock, violation.due_at, terms.remind_hours)
        assert violation.decided_at is not None
        if remind_at > violation.detected_at and violation.decided_at > max(
            remind_at, STOP[1] if STOP[0] <= remind_at < STOP[1] else remind_at
        ):
            assert violation.id in told, violation


def test_leave_that_nobody_decides_or_comes_back_from_is_told_at_its_minute(month: Month) -> None:
    with reading(month.engine) as session:
        requests = {f"leave:{request.id}": request for request in session.exec(select(LeaveRequest)).all()}
        notices = session.exec(select(Notice)).all()
        undecided = {n.about: n.at for n in notices if n.kind == NoticeKind.LEAVE_REQUESTED and n.recipient == "bureau"}
        overdue = {n.about: n.at for n in notices if n.kind == NoticeKind.LEAVE_OVERDUE and n.recipient == "officer"}

        waited = [about for about, r in requests.items() if r.state == RequestState.REQUESTED]
        late = [about for about, r in requests.items() if r.returned_at is not None and r.returned_at > r.returns_at]
        assert waited
        assert late
        assert all(undecided[about] == requests[about].due_at for about in waited)
        assert all(overdue[about] == requests[about].returns_at for about in late)
