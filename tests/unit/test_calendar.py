"""Working days and hours: China's holidays with their swapped days, and deadlines that run in working time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corrections.domain.calendar import WorkCalendar
from corrections.settings.calendar import Calendar

ZONE = ZoneInfo("Asia/Shanghai")
CALENDAR = Calendar().at(ZONE)
HOUR = timedelta(hours=1)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        ("2026-09-30", True),
        ("2026-10-01", False),  # National Day
        ("2026-10-08", True),
        ("2026-10-10", True),  # a Saturday that is worked for it
        ("2026-10-11", False),
        ("2026-02-14", True),  # a Saturday worked for the Spring Festival
        ("2026-02-16", False),
        ("2026-03-07", False),
    ],
)
def test_the_state_councils_swapped_days_are_known(day: str, worked: bool) -> None:
    assert CALENDAR.is_working_day(date.fromisoformat(day)) is worked


def test_the_bureaus_own_days_stand_above_the_librarys() -> None:
    own = Calendar(days_off=(date(2026, 9, 30), date(2026, 10, 10)), days_worked=(date(2026, 10, 1),)).at(ZONE)

    assert [own.is_working_day(date(2026, month, day)) for month, day in ((9, 30), (10, 10), (10, 1))] == [False, False, True]


def test_a_year_without_announced_swaps_is_known_to_be_incomplete() -> None:
    assert Calendar().swaps_known(2026)
    assert not Calendar().swaps_known(2039)
    assert Calendar(days_worked=(date(2039, 1, 8),)).swaps_known(2039)


@pytest.mark.parametrize(
    ("since", "hours", "until"),
    [
        ("2026-03-02 09:00", 2, "2026-03-02 11:00"),
        ("2026-03-02 11:00", 2, "2026-03-02 14:30"),  # over the midday break
        ("2026-03-02 08:30", 7.5, "2026-03-02 17:30"),  # a whole day ends with the day
        ("2026-03-02 03:00", 1, "2026-03-02 09:30"),  # before the doors open
        ("2026-03-06 17:00", 1, "2026-03-09 09:00"),  # over a weekend
        ("2026-09-30 16:00", 8, "2026-10-08 16:30"),  # over a holiday
        ("2026-10-09 17:00", 1, "2026-10-10 09:00"),  # into a Saturday that is worked
        ("2026-03-07 12:00", 0, "2026-03-09 08:30"),
    ],
)
def test_a_deadline_runs_in_working_time_alone(since: str, hours: float, until: str) -> None:
    assert CALENDAR.after(local(since), hours * HOUR) == local(until)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)), st.integers(1, 60 * 100))
def test_counting_back_finds_a_moment_as_many_hours_before(at: datetime, minutes: int) -> None:
    since, span = at.replace(tzinfo=UTC), timedelta(minutes=minutes)

    due = CALENDAR.after(since, span)

    assert CALENDAR.before(due, span) == CALENDAR.opens(since)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)), st.integers(0, 3000), st.integers(0, 3000))
def test_two_spans_one_after_the_other_are_one_long_span(at: datetime, first: int, second: int) -> None:
    since = at.replace(tzinfo=UTC)

    both = CALENDAR.after(CALENDAR.after(since, timedelta(minutes=first)), timedelta(minutes=second))

    assert both == CALENDAR.after(since, timedelta(minutes=first + second))


def test_working_days_are_counted_over_holidays() -> None:
    assert CALENDAR.days_after(date(2026, 9, 30), 1) == date(2026, 10, 8)
    assert CALENDAR.days_after(date(2026, 10, 8), 2) == date(2026, 10, 10)
    assert CALENDAR.days_after(date(2026, 10, 3), 0) == date(2026, 10, 3)


def test_a_calendar_without_working_days_is_refused_instead_of_searched_for_ever() -> None:
    never = frozenset(date(2026, 1, 1) + timedelta(days=i) for i in range(800))

    with pytest.raises(ValueError, match="no working day"):
        WorkCalendar(ZONE, ((time(9), time(17)),), days_off=never).opens(local("2026-01-01 09:00"))
