"""Deadlines: by the clock of the severity, exact to the minute, over nights, weekends, holidays and swapped days."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from corrections.domain.calendar import WorkCalendar
from corrections.domain.deadlines import Clock, Rank, Term, plan, told_again, towards
from corrections.domain.model import Severity
from corrections.settings import Calendar, Queue, Settings
from corrections.settings.queue import QueueTerms, SeverityTerm

SHANGHAI = ZoneInfo("Asia/Shanghai")
CHINA = Calendar().at(SHANGHAI)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
TERMS = QueueTerms(valid_from=date(2020, 7, 1))


def at(text: str) -> datetime:
    """A moment on the bureau's wall clocks."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


# severity, detected, due, reminded, deputy, office head, bureau
PLANS = [
    ("grave", "2026-03-02 23:50", "2026-03-03 00:50", "2026-03-03 00:20", "2026-03-03 00:50", "2026-03-03 01:20", "2026-03-03 01:50"),
    ("high", "2026-03-07 22:15", "2026-03-08 02:15", "2026-03-08 01:15", "2026-03-08 02:15", "2026-03-08 03:15", "2026-03-08 04:15"),
    ("medium", "2026-03-02 09:00", "2026-03-03 09:30", "2026-03-02 16:30", "2026-03-03 09:30", "2026-03-03 15:00", "2026-03-04 10:00"),
    ("medium", "2026-03-06 20:00", "2026-03-10 09:00", "2026-03-09 16:00", "2026-03-10 09:00", "2026-03-10 14:30", "2026-03-11 09:30"),
    # National Day 2026: 1 to 7 October off, Saturday 10 October worked instead; Sunday 20 September, too; 25 September is Mid-Autumn
    ("medium", "2026-09-30 16:00", "2026-10-08 16:30", "2026-10-08 14:30", "2026-10-08 16:30", "2026-10-09 11:30", "2026-10-09 17:00"),
    ("medium", "2026-10-09 15:00", "2026-10-10 15:30", "2026-10-10 13:30", "2026-10-10 15:30", "2026-10-12 10:30", "2026-10-12 16:00"),
    ("low", "2026-09-18 17:30", "2026-09-23 10:00", "2026-09-22 15:00", "2026-09-23 10:00", "2026-09-24 10:30", "2026-09-28 11:00"),
]


@pytest.mark.parametrize(("severity", "detected", "due", "reminded", "deputy", "head", "bureau"), PLANS)
def test_each_moment_is_told_to_the_minute(
    severity: str, detected: str, due: str, reminded: str, deputy: str, head: str, bureau: str
) -> None:
    moments = plan(TERMS.of(Severity(severity)), CHINA, at(detected))

    assert (moments.due_at, moments.remind_at) == (at(due), at(reminded))
    assert [moments.escalate_at(rank) for rank in Rank] == [at(deputy), at(head), at(bureau)]


def test_due_at_the_end_of_a_day_it_goes_up_at_once_and_not_in_the_morning() -> None:
    term = Term(Clock.WORKING, 8 * HOUR, HOUR, (timedelta(), timedelta(), HOUR), HOUR)

    moments = plan(term, CHINA, at("2026-03-02 17:00"))

    assert moments.due_at == at("2026-03-03 17:30")
    assert moments.escalations == (at("2026-03-03 17:30"), at("2026-03-03 17:30"), at("2026-03-04 09:30"))


@pytest.mark.parametrize(("remind", "since"), [(timedelta(), "2026-03-02 09:00"), (HOUR, "2026-03-02 11:30")])
def test_a_reminder_that_is_not_wanted_or_would_have_been_before_is_none(remind: timedelta, since: str) -> None:
    term = Term(Clock.ALWAYS, 4 * HOUR, remind, (HOUR, HOUR, HOUR), HOUR)

    assert towards(term, CHINA, at(since), at("2026-03-02 12:00")).remind_at is None


@pytest.mark.parametrize(
    ("last", "now", "again"),
    [
        ("2026-03-02 10:00", "2026-03-02 10:00", "2026-03-02 15:30"),
        ("2026-03-02 10:00", "2026-03-02 15:29", "2026-03-02 15:30"),
        ("2026-03-02 10:00", "2026-03-03 12:00", "2026-03-03 16:00"),  # 15:30, 10:30, and the one after
        ("2026-03-06 23:00", "2026-03-06 23:00", "2026-03-09 14:00"),
    ],
)
def test_the_bureau_is_told_again_in_working_time_and_once_of_what_was_missed(last: str, now: str, again: str) -> None:
    assert told_again(TERMS.of(Severity.GRAVE), CHINA, at(last), at(now)) == at(again)


@given(
    since=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(lambda d: d.replace(tzinfo=UTC)),
    severity=st.sampled_from(list(Severity)),
)
def test_it_is_reminded_of_before_it_is_due_and_goes_up_after(since: datetime, severity: Severity) -> None:
    moments = plan(TERMS.of(severity), CHINA, since)

    assert moments.remind_at is not None
    assert since < moments.remind_at < moments.due_at <= min(moments.escalations)
    assert list(moments.escalations) == sorted(moments.escalations)


def test_a_bureau_in_another_time_zone_has_its_own_hours() -> None:
    urumqi = WorkCalendar(timezone=ZoneInfo("Asia/Urumqi"), hours=((time(10), time(18)),))

    assert plan(TERMS.of(Severity.MEDIUM), urumqi, at("2026-03-02 09:00")).due_at == at("2026-03-02 20:00")


@pytest.mark.parametrize(
    "changes",
    [{"decide_hours": 0}, {"remind_hours": 8}, {"deputy_hours": 5}, {"bureau_hours": 1}, {"clock": "sometimes"}, {"deputy": 1}],
)
def test_deadlines_that_make_no_sense_are_refused(changes: dict[str, object]) -> None:
    given = TERMS.medium.model_dump() | changes

    with pytest.raises(ValidationError):
        SeverityTerm.model_validate(given)


def test_two_entries_of_one_day_are_refused() -> None:
    with pytest.raises(ValidationError):
        Queue(deadlines=(TERMS, TERMS))


def test_the_file_says_what_the_program_assumes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORRECTIONS_CONFIG", "config")

    assert Settings().queue == Queue()
