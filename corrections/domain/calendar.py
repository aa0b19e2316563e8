"""Working days and working hours: how deadlines run that a bureau counts in its working time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
LONGEST_PAUSE = 400  # days: a calendar without a working day for longer is a mistake in the settings


@dataclass(frozen=True)
class WorkCalendar:
    """Weekdays are worked within ``hours`` (local, in order, apart), except ``days_off``; so are ``days_worked`` of the weekends (调休).

    Moments are aware and come back in UTC.
    """

    timezone: ZoneInfo
    hours: tuple[tuple[time, time], ...]
    days_off: frozenset[date] = frozenset()
    days_worked: frozenset[date] = frozenset()

    def is_working_day(self, day: date) -> bool:
        """Whether a local day is worked."""
        return day in self.days_worked or (day.weekday() < 5 and day not in self.days_off)

    def is_working(self, at: datetime) -> bool:
        """Whether a moment lies in working hours: from their first moment on, up to but not with their last."""
        return any(start <= at < end for start, end in self._spans_of(self.local_day(at)))

    def opens(self, at: datetime) -> datetime:
        """The first moment at or after ``at`` that lies in working hours."""
        return max(next(self._spans_from(at))[0], at).astimezone(UTC)

    def after(self, at: datetime, span: timedelta) -> datetime:
        """The moment at which ``span`` of working time has passed since ``at``; for no time at all, ``opens(at)``.

        Due at the end of a working day is due then, not on the next morning.
        """
        for start, end in self._spans_from(at):
            start = max(start, at)
            if start + span <= end:
                return (start + span).astimezone(UTC)
            span -= end - start
        raise AssertionError("the spans never end")

    def before(self, at: datetime, span: timedelta) -> datetime:
        """The moment from which ``span`` of working time passes until ``at``: the inverse of ``after``."""
        for start, end in self._spans_until(at):
            end = min(end, at)
            if end - span >= start:
                return (end - span).astimezone(UTC)
            span -= end - start
        raise AssertionError("the spans never end")

    def days_after(self, day: date, days: int) -> date:
        """The local day on which so many working days have passed since ``day``, which is not counted itself (0: the day itself)."""
        while days > 0:
            day += DAY
            days -= self.is_working_day(day)
        return day

    def local_day(self, at: datetime) -> date:
        """The day of a moment on the bureau's wall clocks."""
        return at.astimezone(self.timezone).date()

    def _spans_of(self, day: date) -> list[tuple[datetime, datetime]]:
        if not self.is_working_day(day):
            return []
        return [(self._moment(day, start), self._moment(day, until)) for start, until in self.hours]

    def _spans_from(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The spans of working hours that end after ``at``, in order, without end."""
        return ((start, end) for start, end in self._walk(self.local_day(at), DAY) if end > at)

    def _spans_until(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The spans of working hours that begin before ``at``, the latest first, without end."""
        return ((start, end) for start, end in self._walk(self.local_day(at), -DAY) if start < at)

    def _walk(self, day: date, step: timedelta) -> Iterator[tuple[datetime, datetime]]:
        pause = 0
        while pause < LONGEST_PAUSE:
            spans = self._spans_of(day)
            yield from spans if step > timedelta() else reversed(spans)
            pause = 0 if spans else pause + 1
            day += step
        raise ValueError(f"the calendar has no working day in {LONGEST_PAUSE} days: check the working hours and days off")

    def _moment(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, self.timezone).astimezone(UTC)
