"""Deadlines of a review: when it must be decided, when its owner is reminded, and when it goes up level by level."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from corrections.domain.calendar import WorkCalendar

NO_TIME = timedelta()


class Clock(StrEnum):
    """On which clock a deadline runs."""

    ALWAYS = "always"  # day and night
    WORKING = "working"  # in the bureau's working hours


class Rank(IntEnum):
    """To whom what was not decided in time goes up, one after the other."""

    DEPUTY = 1
    OFFICE_HEAD = 2
    BUREAU = 3


@dataclass(frozen=True, slots=True)
class Term:
    """How long after it came up a violation must be decided, how long before that its owner is reminded (none: never), how long after it
    each rank is told (they do not decrease), all on one clock; and after how much working time the bureau is told again."""

    clock: Clock
    decide: timedelta
    remind: timedelta
    ranks: tuple[timedelta, timedelta, timedelta]
    again: timedelta


@dataclass(frozen=True, slots=True)
class Plan:
    """The moments of one violation, in UTC; ``remind_at`` None: nobody is reminded. ``escalations`` is when each rank is told."""

    due_at: datetime
    remind_at: datetime | None
    escalations: tuple[datetime, datetime, datetime]

    def escalate_at(self, rank: Rank) -> datetime:
        """When a rank is told."""
        return self.escalations[rank - 1]


def plan(term: Term, calendar: WorkCalendar, since: datetime) -> Plan:
    """The moments of a violation that came up at ``since``."""
    return towards(term, calendar, since, _later(term, calendar, since, term.decide))


def towards(term: Term, calendar: WorkCalendar, since: datetime, due_at: datetime) -> Plan:
    """The moments that belong to a due time that stands, as seen at ``since``: a reminder that would have been before is none."""
    remind_at = None
    if term.remind > NO_TIME:
        at = calendar.before(due_at, term.remind) if term.clock is Clock.WORKING else due_at - term.remind
        remind_at = at if at > since else None
    first, second, third = (_later(term, calendar, due_at, span) for span in term.ranks)
    return Plan(due_at, remind_at, (first, second, third))


def told_again(term: Term, calendar: WorkCalendar, last: datetime, now: datetime) -> datetime:
    """When the bureau is told again of what it was told of at ``last``: the first such moment after ``now``, so that what was missed is
    told once."""
    at = last
    while at <= now or at == last:
        at = calendar.after(at, term.again)
    return at


def _later(term: Term, calendar: WorkCalendar, at: datetime, span: timedelta) -> datetime:
    """``span`` later on the term's clock; for no time at all, at once, whatever the hour."""
    return calendar.after(at, span) if term.clock is Clock.WORKING and span > NO_TIME else at + span
