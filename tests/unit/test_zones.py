"""Zones compiled for many points: containment, metres to the edge, windows."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import shapely
from geopy.distance import geodesic
from hypothesis import given, settings
from hypothesis import strategies as st

from corrections.domain.model import Severity, Window, ZoneKind, ZoneVersion, to_us
from corrections.domain.zones import GRID_FROM_POINTS, Bindings, ZoneBook, day_starts, window_spans

LAT, LON = 41.5, 122.7
SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
NIGHT = Window(time(22), time(6))


def version(geometry: shapely.Geometry, kind: ZoneKind = ZoneKind.INCLUSION, number: int = 1, **more: object) -> ZoneVersion:
    return ZoneVersion(number, number, 1, f"Z{number}", kind, Severity.MEDIUM, shapely.to_wkb(geometry), **more)  # type: ignore[arg-type]


def ragged(seed: int, radius_deg: float = 0.1, vertices: int = 400, hole: bool = True) -> shapely.Polygon:
    """A star-shaped outline with detail, and a hole."""
    rng = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    r = radius_deg * (1 + 0.2 * np.cos(3 * angle + rng.uniform(0, 6)) + 0.05 * np.cos(31 * angle))
    shell = np.column_stack([LON + r * np.cos(angle), LAT + 0.75 * r * np.sin(angle)])
    holes = [np.column_stack([LON + 0.02 * np.cos(angle), LAT + 0.02 * np.sin(angle)])] if hole else []
    return shapely.Polygon(shell, holes)


def scattered(n: int, seed: int, spread: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return LAT + rng.uniform(-spread, spread, n), LON + rng.uniform(-spread, spread, n)


@pytest.mark.parametrize("n", [50, GRID_FROM_POINTS + 1])
def test_containment_is_that_of_the_polygon_with_and_without_the_grid(n: int) -> None:
    polygon = ragged(1)
    lat, lon = scattered(n, 2)

    inside = ZoneBook([version(polygon)]).contains(np.zeros(n, dtype=np.int64), lat, lon)

    assert inside.tolist() == shapely.intersects_xy(polygon, lon, lat).tolist()


def test_the_edge_belongs_to_the_zone() -> None:
    square = shapely.box(LON, LAT, LON + 0.1, LAT + 0.1)

    assert ZoneBook([version(square)]).contains(np.array([0]), np.array([LAT]), np.array([LON + 0.05])).tolist() == [True]


def test_a_hole_is_outside() -> None:
    assert ZoneBook([version(ragged(1))]).contains(np.array([0]), np.array([LAT]), np.array([LON])).tolist() == [False]


def nearest_geodesic_m(polygon: shapely.Polygon, lat: float, lon: float) -> float:
    """Metres to the edge by brute force: the edge, straight in degrees, cut to pieces of about a metre near the nearest place."""
    edge = polygon.boundary
    for step in (1e-3, 1e-5):
        points = shapely.get_coordinates(shapely.segmentize(edge, step))
        scale = np.cos(np.radians(lat))
        order = np.argsort(((points[:, 0] - lon) * scale) ** 2 + (points[:, 1] - lat) ** 2)[:40]
        best = points[order]
        edge = shapely.intersection(polygon.boundary, shapely.box(*best.min(axis=0) - 2e-3, *best.max(axis=0) + 2e-3))
    return min(geodesic((lat, lon), (y, x)).meters for x, y in best)


def test_distances_are_metres_on_the_ellipsoid() -> None:
    polygon = ragged(3)
    lat, lon = scattered(25, 4)

    measured = ZoneBook([version(polygon)]).edge_distance_m(np.zeros(25, dtype=np.int64), lat, lon)

    expected = [nearest_geodesic_m(polygon, a, o) for a, o in zip(lat, lon, strict=True)]
    assert measured == pytest.approx(expected, abs=1.0, rel=1e-4)


def wide(parts: bool, hole: bool) -> shapely.Geometry:
    """A zone 300 km across, straight in degrees over hundreds of kilometres, so that its course is not that of a geodesic."""
    whole = shapely.Polygon([(LON - 1.7, LAT - 1.3), (LON + 1.9, LAT - 1.1), (LON + 1.6, LAT + 1.3), (LON - 1.9, LAT + 1.2)])
    if hole:
        whole = whole.difference(shapely.box(LON - 0.6, LAT - 0.4, LON + 0.5, LAT + 0.5))
    if parts:
        whole = whole.difference(shapely.box(LON + 0.7, LAT - 2.0, LON + 0.8, LAT + 2.0))
    return whole


@pytest.mark.parametrize(("parts", "hole"), [(False, False), (False, True), (True, False), (True, True)])
def test_distances_of_a_zone_300_km_across_are_geodesic_to_a_thousandth_on_both_sides(parts: bool, hole: bool) -> None:
    zone = wide(parts, hole)
    rng = np.random.default_rng(8)
    edge = shapely.get_coordinates(shapely.line_interpolate_point(zone.boundary, rng.uniform(0, 1, 16), normalized=True))
    away = np.exp(rng.uniform(np.log(0.0004), np.log(0.5), 16)) * np.where(rng.random(16) < 0.5, 1, -1)
    lat, lon = edge[:, 1] + away, edge[:, 0] + away * 0.7

    measured = ZoneBook([version(zone)]).signed_distance_m(np.zeros(16, dtype=np.int64), lat, lon, np.full(16, 1e9))

    inside = shapely.intersects_xy(zone, lon, lat)
    assert 3 < inside.sum() < 13
    assert (measured < 0).tolist() == inside.tolist()
    expected = [nearest_geodesic_m(zone, a, o) for a, o in zip(lat, lon, strict=True)]
    assert np.abs(measured) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("kind", "inside_is_wrong"), [(ZoneKind.INCLUSION, False), (ZoneKind.EXCLUSION, True)])
def test_a_distance_is_positive_on_the_wrong_side(kind: ZoneKind, inside_is_wrong: bool) -> None:
    square = shapely.box(LON, LAT, LON + 0.1, LAT + 0.1)
    lat, lon = np.array([LAT + 0.05, LAT + 0.3]), np.array([LON + 0.05, LON + 0.05])

    inside, outside = ZoneBook([version(square, kind)]).signed_distance_m(np.array([0, 0]), lat, lon, np.array([1e6, 1e6]))

    assert (inside > 0) == inside_is_wrong
    assert (outside > 0) != inside_is_wrong


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.floats(1.0, 5_000.0))
def test_a_bound_never_changes_what_counts(seed: int, enough_m: float) -> None:
    book = ZoneBook([version(ragged(5)), version(ragged(6, hole=False), ZoneKind.EXCLUSION, 2)])
    lat, lon = scattered(60, seed)
    zone = np.arange(60) % 2

    quick = book.signed_distance_m(zone, lat, lon, np.full(60, enough_m))

    exact = book.signed_distance_m(zone, lat, lon, np.full(60, 1e9))
    assert quick.tolist() == np.maximum(exact, -enough_m).tolist()


def test_the_same_point_gives_the_same_bits_alone_and_among_many() -> None:
    book = ZoneBook([version(ragged(5))])
    n = GRID_FROM_POINTS + 500
    lat, lon = scattered(n, 9)
    zone, enough = np.zeros(n, dtype=np.int64), np.full(n, 300.0)

    many = book.signed_distance_m(zone, lat, lon, enough)

    fresh = ZoneBook([version(ragged(5))])
    rows = [slice(i, i + 1) for i in range(0, n, 37)]
    few = np.concatenate([fresh.signed_distance_m(zone[r], lat[r], lon[r], enough[r]) for r in rows])
    assert few.tobytes() == many[::37].tobytes()


def at(local: str, zone: ZoneInfo = SHANGHAI) -> int:
    return to_us(datetime.fromisoformat(local).replace(tzinfo=zone))


def in_window(windows: tuple[Window, ...], moment: int, zone: ZoneInfo = SHANGHAI) -> tuple[bool, int, int]:
    active, starts, ends = ZoneBook([version(ragged(1), windows=windows)]).windows(np.array([0]), np.array([moment]), zone)
    return bool(active[0]), int(starts[0]), int(ends[0])


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("2026-03-02T21:59:59", False),
        ("2026-03-02T22:00:00", True),
        ("2026-03-03T00:00:00", True),
        ("2026-03-03T05:59:59", True),
        ("2026-03-03T06:00:00", False),
    ],
)
def test_a_window_passes_midnight(local: str, expected: bool) -> None:
    assert in_window((NIGHT,), at(local))[0] is expected


def test_a_window_is_known_by_its_start_and_end() -> None:
    assert in_window((NIGHT,), at("2026-03-03T02:00:00")) == (True, at("2026-03-02T22:00:00"), at("2026-03-03T06:00:00"))


def test_weekdays_are_those_on_which_a_window_begins() -> None:
    friday = (Window(time(22), time(6), frozenset({4})),)

    assert in_window(friday, at("2026-03-07T05:00:00"))[0]  # Saturday morning, begun on Friday
    assert not in_window(friday, at("2026-03-07T23:00:00"))[0]


def test_a_window_whose_ends_are_equal_is_a_whole_day() -> None:
    whole = (Window(time(0), time(0), frozenset({6})),)

    assert in_window(whole, at("2026-03-08T00:00:00")) == (True, at("2026-03-08T00:00:00"), at("2026-03-09T00:00:00"))
    assert not in_window(whole, at("2026-03-09T00:00:00"))[0]


def test_windows_that_overlap_are_one() -> None:
    open_us, shut_us = window_spans((NIGHT, Window(time(5), time(8))), SHANGHAI, at("2026-03-03T01:00:00"), at("2026-03-03T01:00:00"))

    assert at("2026-03-02T22:00:00") in open_us
    assert at("2026-03-03T08:00:00") in shut_us
    assert at("2026-03-03T06:00:00") not in shut_us


def test_a_night_follows_the_clock_change_of_its_time_zone() -> None:
    active, start, end = in_window((NIGHT,), at("2026-03-29T04:00:00", BERLIN), BERLIN)

    assert active
    assert end - start == 7 * 3_600_000_000  # the hour that was skipped


def test_days_begin_at_local_midnight() -> None:
    moments = np.array([at("2026-03-28T12:00:00", BERLIN), at("2026-03-29T23:59:00", BERLIN), at("2026-03-30T00:00:00", BERLIN)])

    starts = day_starts(moments, BERLIN)

    assert starts.tolist() == [at(f"2026-03-{day}T00:00:00", BERLIN) for day in (28, 29, 30)]


def test_a_version_is_in_force_from_its_beginning_until_just_before_its_end() -> None:
    book = ZoneBook([version(ragged(1), valid_from_us=100, valid_until_us=200)])

    assert book.in_force(np.zeros(4, dtype=np.int64), np.array([99, 100, 199, 200])).tolist() == [False, True, True, False]


def test_reports_are_joined_with_the_zones_of_their_own_subject_only() -> None:
    row, zone = Bindings({7: [0, 2], 9: [1]}).pairs(np.array([7, 8, 9, 7]))

    assert list(zip(row.tolist(), zone.tolist(), strict=True)) == [(0, 0), (0, 2), (2, 1), (3, 0), (3, 2)]


def test_without_bindings_nothing_is_joined() -> None:
    row, zone = Bindings({}).pairs(np.array([1, 2]))

    assert len(row) == len(zone) == 0
