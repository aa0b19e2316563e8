"""Devices that send another datum than they are registered with: told by where they rest, and rarely by chance."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corrections.domain.geodesy import from_wgs84, to_wgs84
from corrections.domain.model import Datum, FlagKind
from corrections.domain.offsets import Match, OffsetRule, Reference, Rest, doubts, match, rests
from tests.unit.lives import HOME, START, TZ, at, life, track

RULE = OffsetRule()
DAY = START.date()
IN_CHINA = st.tuples(st.floats(20, 50), st.floats(80, 130))
MIXED = [
    (Datum.WGS84, Datum.GCJ02, FlagKind.GCJ02_OFFSET),
    (Datum.GCJ02, Datum.WGS84, FlagKind.GCJ02_OFFSET),
    (Datum.CGCS2000, Datum.GCJ02, FlagKind.GCJ02_OFFSET),
    (Datum.WGS84, Datum.BD09, FlagKind.BD09_OFFSET),
    (Datum.BD09, Datum.GCJ02, FlagKind.BD09_OFFSET),
]


def reference(place: tuple[float, float] = HOME) -> list[Reference]:
    return [Reference(*place, 50.0, "zone")]


def slept(declared: Datum, sends: Datum, place: tuple[float, float] = HOME, day: date = DAY) -> Rest:
    """Where a device that is registered with one datum and sends another is stored to have rested."""
    return Rest(day, *to_wgs84(*from_wgs84(*place, sends), declared))


@pytest.mark.parametrize(("declared", "sends", "kind"), MIXED)
def test_a_datum_mixed_up_is_told_with_its_direction(declared: Datum, sends: Datum, kind: FlagKind) -> None:
    days = [DAY + timedelta(days=i) for i in range(5)]
    nights = {day: match(slept(declared, sends, day=day), reference(), declared, RULE) for day in days}

    (doubt,) = doubts(nights, declared, RULE, DAY, DAY + timedelta(days=5))

    assert (doubt.kind, doubt.looks_like) == (kind, sends)
    assert doubt.since == DAY + timedelta(days=2)  # the third night
    assert doubt.until is None


@given(IN_CHINA)
def test_a_device_that_is_right_is_never_doubted(place: tuple[float, float]) -> None:
    for declared in Datum:
        assert match(slept(declared, declared, place), reference(place), declared, RULE) is False


def test_outside_the_shifted_country_nothing_can_be_told() -> None:
    rio = (-22.9, -43.2)

    assert match(slept(Datum.WGS84, Datum.GCJ02, rio), reference(rio), Datum.WGS84, RULE) is False


def test_without_a_reference_nothing_is_told() -> None:
    assert match(slept(Datum.WGS84, Datum.GCJ02), [], Datum.WGS84, RULE) is None


def test_one_who_sleeps_elsewhere_is_seldom_taken_for_a_mixed_up_datum() -> None:
    """The simulation of the module: 0.45 % over China; a fair share of it here."""
    rng = np.random.default_rng(5)
    n = 4_000
    lat, lon = rng.uniform(20, 50, n), rng.uniform(80, 130, n)
    far, way = np.exp(rng.uniform(np.log(150), np.log(5_000), n)), rng.uniform(0, 2 * np.pi, n)
    bed_lat, bed_lon = lat + far * np.cos(way) / 111_200, lon + far * np.sin(way) / 111_200 / np.cos(np.radians(lat))

    taken = sum(
        isinstance(match(Rest(DAY, bed_lat[i], bed_lon[i]), reference((lat[i], lon[i])), Datum.WGS84, RULE), Match) for i in range(n)
    )

    assert taken <= 0.008 * n


def told(days: str) -> dict[date, Match | bool | None]:
    """m: a night that matches, x: one that contradicts, anything else: nothing can be told."""
    good = match(slept(Datum.WGS84, Datum.GCJ02), reference(), Datum.WGS84, RULE)
    return {DAY + timedelta(days=i): {"m": good, "x": False}.get(c) for i, c in enumerate(days)}


@pytest.mark.parametrize(
    ("days", "spans"),
    [
        ("mm", []),
        ("mmm", [(2, None)]),
        ("m.m..m", [(5, None)]),
        ("mm.....m", []),
        ("mxmm", []),
        ("mmmxx", [(2, None)]),
        ("mmmxxx", [(2, 5)]),
        ("mmm.......", [(2, None)]),
        ("mmmxxxmmmmmmmmm", [(2, 5), (8, None)]),
        ("xxxmmm", [(5, None)]),
        ("mmmxxmxx", [(2, None)]),
    ],
)
def test_a_doubt_needs_several_nights_and_ends_with_as_many(days: str, spans: list[tuple[int, int | None]]) -> None:
    found = doubts(told(days), Datum.WGS84, RULE, DAY, DAY + timedelta(days=len(days)))

    assert [((d.since - DAY).days, None if d.until is None else (d.until - DAY).days) for d in found] == spans


@given(st.text("mx.", min_size=1, max_size=25), st.integers(0, 24))
def test_going_on_from_any_day_gives_the_same_doubts(days: str, cut: int) -> None:
    cut, end = min(cut, len(days)), DAY + timedelta(days=len(days))
    whole = doubts(told(days), Datum.WGS84, RULE, DAY, end)

    before = doubts(told(days), Datum.WGS84, RULE, DAY, DAY + timedelta(days=cut))
    standing = before[-1] if before and before[-1].until is None else None
    after = doubts(told(days), Datum.WGS84, RULE, DAY + timedelta(days=cut), end, standing)

    assert [d for d in before if d.until is not None] + after == whole


def test_a_night_rests_where_its_accurate_fixes_lie_together() -> None:
    found = rests(track(life(3)), TZ, RULE)

    assert sorted(found) == [DAY, DAY + timedelta(days=1), DAY + timedelta(days=2), DAY + timedelta(days=3)][: len(found)]
    assert (found[DAY].lat, found[DAY].lon) == pytest.approx(HOME, abs=2e-4)


def test_a_night_on_the_road_is_no_rest() -> None:
    road = [(at(0, 23) + i * 600_000_000, i * 3_000.0, 0.0) for i in range(36)]

    assert rests(track(road), TZ, RULE) == {}
