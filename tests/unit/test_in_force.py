"""Rules that change: which settings were in force at a fix time, and that going through a change is going on."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import pytest
import shapely

from corrections.domain.in_force import RulesInForce, advance_through, rule_at
from corrections.domain.judging import advance
from corrections.domain.model import FOREVER_US, Reports, Severity, ZoneKind, ZoneVersion
from corrections.domain.rules import BoundaryRule, OpenAt, Rulebook
from corrections.domain.zones import Bindings, ZoneBook

MINUTE = 60_000_000
START = 1_772_400_000_000_000
FIRST, SECOND = BoundaryRule(close_at=0.2), BoundaryRule(close_at=0.1)


def reports(n: int = 60) -> Reports:
    """Two subjects, a fix every ten minutes; the first leaves the square for good, the second stays."""
    subject = np.repeat(np.array([1, 2], dtype=np.int64), n)
    fix_us = np.tile(START + np.arange(n, dtype=np.int64) * 10 * MINUTE, 2)
    lat = np.where((subject == 1) & (fix_us > START + 200 * MINUTE), 30.3, 30.05)
    zeros = np.zeros(2 * n, dtype=np.int64)
    return Reports(
        subject, fix_us, np.arange(2 * n, dtype=np.int64), lat, np.full(2 * n, 120.05), np.full(2 * n, 20.0), zeros + 1, fix_us,
        zeros.astype(bool), zeros,
    )  # fmt: skip


@pytest.fixture
def book() -> Rulebook:
    square = shapely.to_wkb(shapely.box(120, 30, 120.1, 30.1))
    zones = ZoneBook([ZoneVersion(1, 1, 1, "Z", ZoneKind.INCLUSION, Severity.MEDIUM, square)])
    everything = ((-FOREVER_US, FOREVER_US),)
    return Rulebook(ZoneInfo("Asia/Shanghai"), zones, Bindings({1: [0], 2: [0]}), {1: everything, 2: everything})


@pytest.mark.parametrize(
    ("at", "rule"), [(-FOREVER_US, FIRST), (START - 1, FIRST), (START, FIRST), (START + MINUTE - 1, FIRST), (START + MINUTE, SECOND)]
)
def test_the_first_settings_hold_for_everything_before_too(at: int, rule: BoundaryRule) -> None:
    assert rule_at(((START, FIRST), (START + MINUTE, SECOND)), at) is rule


def test_a_change_to_the_same_settings_changes_nothing(book: Rulebook) -> None:
    rules: RulesInForce = ((0, FIRST), (START + 105 * MINUTE, FIRST), (START + 305 * MINUTE, FIRST))
    at_once, through = {}, {}

    whole = advance(book, reports(), at_once, {}, FIRST)
    parts = advance_through(book, reports(), through, {}, rules)

    assert parts == whole
    assert {s: m.encode() for s, m in through.items()} == {s: m.encode() for s, m in at_once.items()}
    assert len(parts.episodes[1]) == 1


def test_each_fix_is_judged_by_the_settings_of_its_time(book: Rulebook) -> None:
    change = START + 205 * MINUTE
    never = BoundaryRule(open_at=OpenAt(2.0, 2.0, 2.0, 2.0))

    before = advance_through(book, reports(), {}, {}, ((0, FIRST), (change, never)))
    after = advance_through(book, reports(), {}, {}, ((0, never), (change, FIRST)))

    assert not before.episodes.get(1)
    assert len(after.episodes[1]) == 1


def test_no_reports_lead_to_nothing(book: Rulebook) -> None:
    done = advance_through(book, reports(0), {}, {}, ((0, FIRST), (START, SECOND)))

    assert (done.episodes, done.checkpoints, done.standing) == ({}, {}, {})
