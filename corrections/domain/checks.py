"""When location checks are due: at fixed times, every so often, or at random moments that nobody can foresee and an auditor can derive
again.

A random moment is HMAC-SHA256 (RFC 2104), keyed by a secret that a bureau committed to beforehand, over what the moment is for: the
schedule, its period, whom it is about and which one of several it is. Whoever does not know the key cannot tell the value from a random
one, whatever other values she has seen (the function is taken to be pseudorandom; Bellare 2006), so that past moments say nothing of
those to come. The 256 bits are taken as a fraction of the windows' length (Lemire 2019, without his rejection): some second is preferred
to another by at most one part in 2**230, which nobody can measure.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from math import exp

from corrections.domain.calendar import DAY, WorkCalendar

BITS = 256
MOST_DRAWN = 200  # moments of one period, however chance falls
SECOND = timedelta(seconds=1)


class Kind(StrEnum):
    FIXED = "fixed"  # at times of the day
    EVERY = "every"  # every so many minutes within windows
    RANDOM = "random"  # at random moments within windows


class Per(StrEnum):
    """What a number of random moments is counted over."""

    WINDOW = "window"
    DAY = "day"
    WEEK = "week"  # Monday to Sunday


class Counted(StrEnum):
    EXACTLY = "exactly"  # so many: who was checked so often knows that there is no more in the period
    ON_AVERAGE = "on_average"  # a Poisson process: that one was checked says nothing of whether one will be again


@dataclass(frozen=True, slots=True)
class Hours:
    """Local times of a day within which checks lie; ``until`` at or before ``start`` passes midnight. ``start == until``: a whole day."""

    start: time
    until: time


@dataclass(frozen=True, slots=True)
class Plan:
    """When a schedule's checks are due. ``times`` is for fixed ones, ``every_minutes`` and ``windows`` for those every so often,
    ``windows``, ``count``, ``per`` and ``counted`` for random ones. A window belongs to the day on which it begins."""

    kind: Kind
    working_days: bool = False
    times: tuple[time, ...] = ()
    windows: tuple[Hours, ...] = ()
    every_minutes: int = 0
    count: float = 0
    per: Per = Per.DAY
    counted: Counted = Counted.EXACTLY


@dataclass(frozen=True, slots=True)
class Draw:
    """What random moments follow from: a bureau's secret, the schedule's name and whom they are about, such as ``subject:12``."""

    secret: bytes
    schedule: str
    about: str

    def bits(self, period: str, index: int) -> int:
        """256 bits for one moment of a period. -1 is for how many there are."""
        message = json.dumps([self.schedule, period, self.about, index], ensure_ascii=False, separators=(",", ":"))
        return int.from_bytes(hmac.digest(self.secret, message.encode(), hashlib.sha256), "big")

    def below(self, period: str, index: int, limit: int) -> int:
        """A number from 0 to ``limit`` - 1, each as probable as another."""
        return self.bits(period, index) * limit >> BITS


def commitment(secret: bytes) -> str:
    """What is published of a secret before it is used: its SHA-256, in hexadecimal."""
    return hashlib.sha256(secret).hexdigest()


def moments_between(
    plan: Plan, calendar: WorkCalendar, after: datetime, until: datetime, draw_of: Callable[[date], Draw | None]
) -> list[datetime]:
    """The moments (UTC) in ``(after, until]``, in order. ``draw_of`` tells, by the local day on which a period begins, what its random
    moments follow from; None: the schedule has none in that period."""
    found: list[datetime] = []
    for period in _periods(plan, calendar.local_day(after) - DAY, calendar.local_day(until)):
        draw = draw_of(period)
        if draw is not None:
            found += [at for at in moments_of(plan, calendar, period, draw) if after < at <= until]
    return sorted(found)


@lru_cache(maxsize=200_000)
def moments_of(plan: Plan, calendar: WorkCalendar, period: date, draw: Draw) -> tuple[datetime, ...]:
    """The moments (UTC) of the period that begins on a local day: that day's or, of a plan that counts by the week, the week's."""
    days = [period + i * DAY for i in range(7 if _weekly(plan) else 1)]
    days = [day for day in days if not plan.working_days or calendar.is_working_day(day)]
    if plan.kind is Kind.FIXED:
        return tuple(sorted({_moment(calendar, day, at) for day in days for at in plan.times}))
    spans = [_span(calendar, day, hours) for day in days for hours in plan.windows]
    if plan.kind is Kind.EVERY:
        return tuple(sorted({at for start, end in spans for at in _steps(start, end, timedelta(minutes=plan.every_minutes))}))
    if plan.per is Per.WINDOW:
        drawn = [at for i, span in enumerate(spans) for at in _drawn(plan, draw, f"{period.isoformat()}/{i}", [span])]
    else:
        drawn = _drawn(plan, draw, period.isoformat(), spans)
    return tuple(sorted(set(drawn)))


def period_of(plan: Plan, day: date) -> date:
    """The local day on which the period begins that a day belongs to."""
    return day - day.weekday() * DAY if _weekly(plan) else day


def _weekly(plan: Plan) -> bool:
    return plan.kind is Kind.RANDOM and plan.per is Per.WEEK


def _periods(plan: Plan, first: date, last: date) -> Iterator[date]:
    period = period_of(plan, first)
    while period <= last:
        yield period
        period += 7 * DAY if _weekly(plan) else DAY


def _drawn(plan: Plan, draw: Draw, period: str, spans: list[tuple[datetime, datetime]]) -> list[datetime]:
    """Moments to the second within spans laid end to end, each as probable as another, apart from one another by chance alone."""
    lengths = [(end - start) // SECOND for start, end in spans]
    total = sum(lengths)
    if not total:
        return []
    count = _poisson(draw.bits(period, -1) / 2**BITS, plan.count) if plan.counted is Counted.ON_AVERAGE else round(plan.count)
    found: list[datetime] = []
    for index in range(count):
        offset = draw.below(period, index, total)
        for (start, _), length in zip(spans, lengths, strict=True):
            if offset < length:
                found.append(start + offset * SECOND)
                break
            offset -= length
    return found


def _poisson(fraction: float, mean: float) -> int:
    """How many there are, from a fraction of 1, where on average there are ``mean``: the inverse of the distribution."""
    count, chance = 0, exp(-mean)
    reached = chance
    while fraction >= reached and count < MOST_DRAWN:
        count += 1
        chance *= mean / count
        reached += chance
    return count


def _steps(start: datetime, end: datetime, step: timedelta) -> Iterator[datetime]:
    at = start
    while at < end:
        yield at
        at += step


def _span(calendar: WorkCalendar, day: date, hours: Hours) -> tuple[datetime, datetime]:
    ends_on = day if hours.until > hours.start else day + DAY
    return _moment(calendar, day, hours.start), _moment(calendar, ends_on, hours.until)


def _moment(calendar: WorkCalendar, day: date, at: time) -> datetime:
    return datetime.combine(day, at, calendar.timezone).astimezone(UTC)
