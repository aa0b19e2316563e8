"""The windows of a zone over a week as a drawing: plain numbers for an SVG of ``WIDTH`` by ``HEIGHT`` units, a row for each day. The page
of a zone that is being drawn does the same while its windows are typed (front/src/core/week.js)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import time

from corrections.domain.model import Window
from corrections.records.own_words import DAYS, Both, windows_words

LEFT, RIGHT, TOP = 64, 32, 24  # units around the rows
ROW, BAR = 26, 18  # units from row to row, and of a bar
WIDTH, HEIGHT = 720, TOP + 7 * ROW + 6
DAY = 24 * 60  # minutes
TICKS = range(0, 25, 3)  # hours

ALWAYS = (Window(time(), time()),)
SHORT: Sequence[Both] = tuple((zh, en[:3]) for zh, en in DAYS)


@dataclass(frozen=True, slots=True)
class Bar:
    """Part of a day in which a window is open."""

    x: float
    y: float
    width: float


@dataclass(frozen=True, slots=True)
class Week:
    """``said`` is the same in words."""

    bars: list[Bar]
    ticks: list[tuple[float, str]]
    days: list[tuple[float, Both]]
    said: Both
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = TOP + 7 * ROW
    row: int = ROW
    bar: int = BAR


def draw_week(windows: Sequence[Window]) -> Week:
    """The drawing of windows, local times of the bureau; none is always."""
    bars = [
        Bar(_x(start), TOP + day * ROW + (ROW - BAR) / 2, round(_x(end) - _x(start), 1))
        for day in range(7)
        for start, end in _joined([part for on, part in _parts(windows or ALWAYS) if on == day])
    ]
    ticks = [(_x(hour * 60), f"{hour:02}:00") for hour in TICKS]
    days = [(TOP + day * ROW + ROW / 2, name) for day, name in enumerate(SHORT)]
    return Week(bars, ticks, days, windows_words(windows))


def _parts(windows: Sequence[Window]) -> Iterator[tuple[int, tuple[int, int]]]:
    """(weekday, (from, until) in minutes of the day): what passes midnight has a part on each of its two days."""
    for window in windows:
        start, until = _minutes(window.start), _minutes(window.until)
        for day in window.weekdays:
            if until > start:
                yield day, (start, until)
                continue
            yield day, (start, DAY)
            if until:
                yield (day + 1) % 7, (0, until)


def _joined(parts: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(parts):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute


def _x(minutes: int) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * minutes / DAY, 1)
