"""How certain the service was over the time of a violation, as a drawing: plain numbers for an SVG of ``WIDTH`` by ``HEIGHT`` units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from corrections.domain.model import Rule, ZoneVersion, from_us, to_us
from corrections.domain.rules import BoundaryRule, OpenAt

WIDTH, HEIGHT = 720, 230
LEFT, RIGHT, TOP, BOTTOM = 60, 116, 16, 32  # units around the plot
SHARES = (0.0, 0.5, 1.0)  # of certainty that have a line
MOST_TICKS = 7
STEPS = tuple(timedelta(minutes=m) for m in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080))


@dataclass(frozen=True, slots=True)
class Mark:
    """A fix of the course: ``beyond`` whether it lay on the wrong side of the edge; ``distance_m`` is positive there."""

    x: float
    y: float
    beyond: bool
    fix_us: int
    distance_m: float
    certainty: float

    @property
    def at(self) -> datetime:
        return from_us(self.fix_us)


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    text: str


@dataclass(frozen=True, slots=True)
class Level:
    """A certainty that means something, at a height."""

    y: float
    certainty: float


@dataclass(frozen=True, slots=True)
class Course:
    """``line`` is the data of an SVG path: a certainty holds until the next fix. ``opens`` and ``closes`` are the thresholds, None where
    the evidence keeps none; ``opened`` and ``ended`` are where the violation opened and ended, None where that is not shown."""

    line: str
    marks: list[Mark]
    ticks: list[Tick]
    levels: list[Level]
    opens: Level | None
    closes: Level | None
    opened: float | None
    ended: float | None
    thinned: bool
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def draw_course(
    evidence: Mapping[str, Any],
    thresholds: tuple[float, float] | None,
    opened_at: datetime,
    ended_at: datetime | None,
    timezone: ZoneInfo,
) -> Course | None:
    """The drawing of ``evidence["course"]``, rows of (fix time in µs, signed metres, certainty); None where none was kept, or only one.

    ``thresholds`` are the certainties at which the violation opened and at which it would end.
    """
    rows: Sequence[Sequence[Any]] = evidence.get("course") or ()
    if len(rows) < 2:
        return None
    end_us = rows[-1][0] if ended_at is None else max(rows[-1][0], to_us(ended_at))
    span = _Span(rows[0][0], end_us)
    marks = [Mark(span.x(us), _y(certainty), metres > 0, us, metres, certainty) for us, metres, certainty in rows]
    line = f"M{marks[0].x:g},{marks[0].y:g}" + "".join(f"H{mark.x:g}V{mark.y:g}" for mark in marks[1:])
    opens, closes = thresholds or (None, None)
    return Course(
        line=f"{line}H{span.x(end_us):g}",
        marks=marks,
        ticks=_ticks(span, timezone),
        levels=[Level(_y(share), share) for share in SHARES],
        opens=None if opens is None else Level(_y(opens), opens),
        closes=None if closes is None else Level(_y(closes), closes),
        opened=span.x(to_us(opened_at)) if span.holds(to_us(opened_at)) else None,
        ended=None if ended_at is None else span.x(to_us(ended_at)),
        thinned=len(rows) < int(evidence.get("fixes") or 0),
    )


def thresholds(settings: Mapping[str, Any], rule: str, zone: ZoneVersion | None) -> tuple[float, float] | None:
    """The certainties at which a violation of a rule at a zone opened and would end, by the settings that its evidence keeps; None where
    it keeps none. Settings of before there was one for each kind of zone held a single number."""
    close_at = settings.get("close_at")
    if close_at is None or zone is None:
        return None
    if rule == Rule.APPROACH:
        return (float(settings["approach_at"]), float(close_at)) if "approach_at" in settings else None
    open_at = settings.get("open_at")
    if isinstance(open_at, int | float):
        return float(open_at), float(close_at)
    return (BoundaryRule(open_at=OpenAt(**open_at)).opens(zone), float(close_at)) if open_at else None


@dataclass(frozen=True, slots=True)
class _Span:
    """What time (µs) is shown."""

    start_us: int
    end_us: int

    def x(self, us: int) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (us - self.start_us) / max(self.end_us - self.start_us, 1), 1)

    def holds(self, us: int) -> bool:
        return self.start_us <= us <= self.end_us


def _y(certainty: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(max(certainty, 0.0), 1.0), 1)


def _ticks(span: _Span, timezone: ZoneInfo) -> list[Tick]:
    """Round local times, at most ``MOST_TICKS``, with the day where it begins or where all are apart by days."""
    length = timedelta(microseconds=span.end_us - span.start_us)
    step = next((step for step in STEPS if length / step <= MOST_TICKS), STEPS[-1])
    start = from_us(span.start_us).astimezone(timezone)
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    at = midnight + step * -((midnight - start) // step)
    ticks: list[Tick] = []
    while to_us(at) <= span.end_us:
        day = step >= timedelta(days=1) or (at.hour, at.minute) == (0, 0)
        ticks.append(Tick(span.x(to_us(at)), f"{at:%m-%d}" if day else f"{at:%H:%M}"))
        at += step
    return ticks
