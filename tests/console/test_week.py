"""The drawing of a zone's windows over a week: each where it is open, also past midnight and into the next week."""

from __future__ import annotations

from datetime import time

import pytest

from corrections.console.week import DAY, LEFT, RIGHT, ROW, TOP, WIDTH, draw_week
from corrections.domain.model import Window

ALL_DAY = [(0, DAY)]
NIGHT = [(0, 6 * 60), (22 * 60, DAY)]
OFFICE_HOURS = Window(time(8), time(18), frozenset(range(5)))


def drawn(*windows: Window) -> list[list[tuple[int, int]]]:
    """(from, until) in minutes of the bars of each day, as the drawing tells them."""
    days: list[list[tuple[int, int]]] = [[] for _ in range(7)]
    for bar in draw_week(windows).bars:
        start, end = ((x - LEFT) / (WIDTH - LEFT - RIGHT) * DAY for x in (bar.x, bar.x + bar.width))
        days[int((bar.y - TOP) // ROW)].append((round(start / 5) * 5, round(end / 5) * 5))
    return days


@pytest.mark.parametrize(
    ("windows", "week"),
    [
        ((), [ALL_DAY] * 7),
        ((Window(time(22), time(6)),), [NIGHT] * 7),
        ((OFFICE_HOURS,), [[(480, 1080)]] * 5 + [[], []]),
        ((Window(time(20), time(2), frozenset({6})),), [[(0, 120)], *[[]] * 5, [(1200, DAY)]]),
        ((Window(time(18), time(), frozenset({0})),), [[(1080, DAY)], *[[]] * 6]),
        ((Window(time(12), time(12), frozenset({0})),), [[(720, DAY)], [(0, 720)], *[[]] * 5]),
        ((OFFICE_HOURS, Window(time(17), time(19), frozenset({0}))), [[(480, 1140)], *[[(480, 1080)]] * 4, [], []]),
    ],
)
def test_each_window_stands_on_its_days(windows: tuple[Window, ...], week: list[list[tuple[int, int]]]) -> None:
    assert drawn(*windows) == week


def test_it_says_in_words_what_it_draws() -> None:
    assert draw_week([OFFICE_HOURS]).said[1] == "on Monday to Friday from 08:00 to 18:00"
