"""The drawing of a violation's certainty over time: true to the evidence, with the thresholds that held then."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from corrections.console.course import Course, draw_course, thresholds
from corrections.domain.model import Rule, Severity, Window, ZoneKind, ZoneVersion, to_us

START = datetime(2026, 3, 1, 15, 40, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")
LEVELS = (0.9, 0.2)
ROWS = [(0, 300.0, 0.5), (10, 900.0, 0.95), (20, -5.0, 0.4), (40, 950.0, 0.99)]
SETTINGS = {"open_at": {"inclusion": 0.92, "curfew": 0.965, "exclusion": 0.6, "grave": 0.5}, "close_at": 0.2, "approach_at": 0.9}
NIGHT = (Window(datetime(2026, 3, 1, 22).time(), datetime(2026, 3, 1, 6).time()),)


def course(rows: list[tuple[float, float, float]] = ROWS, ended: float | None = None, fixes: int = 3) -> Course | None:
    evidence = {"course": [[to_us(START + at * MINUTE), metres, sure] for at, metres, sure in rows], "fixes": fixes}
    return draw_course(evidence, LEVELS, START + 10 * MINUTE, None if ended is None else START + ended * MINUTE, SHANGHAI)


def a_zone(kind: ZoneKind = ZoneKind.INCLUSION, **terms: Any) -> ZoneVersion:
    return ZoneVersion(1, 1, 1, "z", kind, **{"severity": Severity.MEDIUM, "wkb": b""} | terms)


def test_each_fix_stands_at_its_time_and_certainty_and_tells_its_side() -> None:
    drawn = course()

    assert drawn is not None
    assert [mark.beyond for mark in drawn.marks] == [True, True, False, True]
    xs, ys = [mark.x for mark in drawn.marks], [mark.y for mark in drawn.marks]
    assert (xs[0], xs[-1]) == (drawn.left, drawn.right)
    assert xs[1] - xs[0] == pytest.approx((xs[-1] - xs[0]) / 4, abs=0.2)
    assert [round((drawn.bottom - y) / (drawn.bottom - drawn.top), 2) for y in ys] == [0.5, 0.95, 0.4, 0.99]


def test_a_certainty_holds_until_the_next_fix() -> None:
    drawn = course()

    assert drawn is not None
    moves = re.findall(r"([MHV])", drawn.line)
    assert moves == ["M", *["H", "V"] * 3, "H"]


def test_the_thresholds_stand_among_the_certainties() -> None:
    drawn = course()

    assert drawn is not None
    assert drawn.opens is not None
    assert drawn.closes is not None
    ys = [mark.y for mark in drawn.marks]
    assert ys[1] < drawn.opens.y < ys[0]
    assert ys[2] < drawn.closes.y < drawn.bottom
    assert (drawn.opens.certainty, drawn.closes.certainty) == LEVELS


def test_the_end_is_shown_where_it_was_and_not_while_it_lasts() -> None:
    lasting, over = course(), course(ended=60)

    assert lasting is not None
    assert over is not None
    assert (lasting.opened, lasting.ended) == (lasting.marks[1].x, None)
    assert over.ended == over.right
    assert over.marks[-1].x < over.right


def test_ticks_are_round_local_times_and_midnight_is_a_day() -> None:
    drawn = course()

    assert drawn is not None
    assert [tick.text for tick in drawn.ticks] == ["23:40", "23:50", "03-02", "00:10", "00:20"]
    assert all(drawn.left <= tick.x <= drawn.right for tick in drawn.ticks)


@pytest.mark.parametrize("minutes", [1, 7, 90, 1000, 20_000])
def test_there_are_never_too_many_ticks(minutes: int) -> None:
    drawn = course([(0, 1.0, 0.5), (minutes, 1.0, 0.9)])

    assert drawn is not None
    assert 1 <= len(drawn.ticks) <= 8


@pytest.mark.parametrize("evidence", [{}, {"course": []}, {"course": [[0, 1.0, 0.9]]}, {"deciding": []}])
def test_without_a_course_there_is_nothing_to_draw(evidence: dict[str, Any]) -> None:
    assert draw_course(evidence, LEVELS, START, None, SHANGHAI) is None


@pytest.mark.parametrize(
    ("zone", "opens"),
    [
        (a_zone(), 0.92),
        (a_zone(windows=NIGHT), 0.965),
        (a_zone(ZoneKind.EXCLUSION), 0.6),
        (a_zone(ZoneKind.EXCLUSION, severity=Severity.GRAVE), 0.5),
    ],
)
def test_the_threshold_is_that_of_the_kind_of_zone(zone: ZoneVersion, opens: float) -> None:
    assert thresholds(SETTINGS, Rule.BOUNDARY, zone) == (opens, 0.2)


def test_an_approach_has_its_own_threshold() -> None:
    assert thresholds(SETTINGS, Rule.APPROACH, a_zone(ZoneKind.EXCLUSION)) == (0.9, 0.2)


def test_settings_of_before_held_one_number_and_none_means_no_threshold() -> None:
    assert thresholds({"open_at": 0.9, "close_at": 0.2}, Rule.BOUNDARY, a_zone()) == (0.9, 0.2)
    assert thresholds({}, Rule.BOUNDARY, a_zone()) is None
    assert thresholds(SETTINGS, Rule.MOCK_LOCATION, None) is None
