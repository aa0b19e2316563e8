"""(e) Metres to a zone's edge, error and speed, against the usual idiom: nearest_points in degrees, then a geodesic between the two."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import shapely
from geopy.distance import geodesic
from shapely.ops import nearest_points

from corrections.domain.geodesy import Plane
from corrections.domain.model import Floats, Severity, ZoneKind, ZoneVersion
from corrections.domain.zones import ZoneBook
from scripts.measure.figures import Outcome, against, heading, in_turn, line
from scripts.measure.scene import DISTRICT_RADIUS_M
from scripts.sample_district import Point, ragged_ring

SPEED_TARGET = 30.0
ERROR_TARGET_MM = 10.0
BANDS_M = (100, 1_000, 10_000, 90_000)
TRUE_STEP_DEG = 0.0005  # about 50 m: a chord of it strays from its arc by less than 0.1 mm
POINTS, MANY = 240, 100_000
WIDE_M, WIDE_POINTS = 300_000, 60
RELATIVE_TARGET = 0.1
LEAST_M = 10.0  # below it a share says nothing of use


def measure() -> list[Outcome]:
    """Print errors by distance and times for each point, and whether the targets are reached."""
    heading("Metres to the edge of a district of 2,048 vertices, 100 km across, against nearest_points and geopy")
    rng = np.random.default_rng(3)
    plane = Plane(41.0, 122.0)
    district = shapely.transform(ragged_ring(rng, DISTRICT_RADIUS_M, 8), lambda xy: _to_lonlat(plane, xy))
    book = ZoneBook([ZoneVersion(1, 1, 1, "district", ZoneKind.INCLUSION, Severity.MEDIUM, shapely.to_wkb(district))])
    lat, lon = points_beside(rng, plane, district.exterior, POINTS)
    true = np.array([_true_distance(district.exterior, a, b) for a, b in zip(lat, lon, strict=True)])
    ours = _ours(book, lat, lon)
    theirs = _theirs(district.exterior, lat, lon)
    worst = 0.0
    for low, high in zip((0, *BANDS_M), BANDS_M, strict=False):
        rows = (true >= low) & (true < high)
        mine, peer = float(np.abs(ours - true)[rows].max()), float(np.abs(theirs - true)[rows].max())
        worst = max(worst, mine) if high <= 10_000 else worst
        line(f"largest error of {int(rows.sum())} points up to {high:,} m", f"ours {mine * 1000:8.2f} mm   theirs {peer:8.1f} m")
    many_lat, many_lon = points_beside(rng, plane, district.exterior, MANY)
    mine_s, theirs_s = in_turn(3, lambda: _ours(book, many_lat, many_lon), lambda: _theirs(district.exterior, lat, lon))
    line("ours, a point", mine_s.per(MANY))
    line("theirs, a point", theirs_s.per(POINTS))
    wide = _wide(rng)
    return [
        against("largest error up to 10 km", worst * 1000, ERROR_TARGET_MM, "mm", at_most=True),
        against("ours is faster", theirs_s.median / POINTS / (mine_s.median / MANY), SPEED_TARGET),
        against("zones 300 km across: largest error, of the distance", wide * 100, RELATIVE_TARGET, "%", at_most=True),
    ]


def _wide(rng: np.random.Generator) -> float:
    """The largest error over the true distance, from 10 m on, of zones 300 km across, on both sides of their edges."""
    worst = 0.0
    for name, zone, plane in wide_zones(rng):
        book = ZoneBook([ZoneVersion(1, 1, 1, name, ZoneKind.INCLUSION, Severity.MEDIUM, shapely.to_wkb(zone))])
        lat, lon = points_beside(rng, plane, shapely.boundary(zone), WIDE_POINTS)
        true = np.array([_true_distance(shapely.boundary(zone), a, b) for a, b in zip(lat, lon, strict=True)])
        error = np.abs(_ours(book, lat, lon) - true)
        share = float((error / np.maximum(true, LEAST_M)).max())
        inside = int(book.contains(np.zeros(len(lat), dtype=np.int64), lat, lon).sum())
        line(
            f"{name}: {inside} points inside, {len(lat) - inside} outside",
            f"{error.max() * 1000:6.1f} mm at worst, {share:.5%} of the distance",
        )
        worst = max(worst, share)
    return worst


def wide_zones(rng: np.random.Generator) -> Iterator[tuple[str, shapely.Geometry, Plane]]:
    """Zones 300 km across, whole, with a hole, and of three parts, in the middle and the far north of the country."""
    for lat, lon in ((34.0, 108.0), (52.5, 122.0)):
        plane, r = Plane(lat, lon), WIDE_M / 2
        whole = ragged_ring(rng, 0.85 * r, 6)
        hole = _shifted(ragged_ring(rng, 0.3 * r, 5), 0.1 * r, 0.0)
        parts = [_shifted(ragged_ring(rng, 0.3 * r, 5), east * r, north * r) for east, north in ((-0.6, 0.0), (0.6, 0.2), (0.0, -0.6))]
        for name, area in (("whole", whole), ("with a hole", whole.difference(hole)), ("of three parts", shapely.union_all(parts))):
            yield f"{name}, at {lat:g} N", shapely.transform(area, partial(_to_lonlat, plane)), plane


def _shifted(area: shapely.Geometry, east_m: float, north_m: float) -> shapely.Geometry:
    return shapely.transform(area, lambda xy: xy + np.array([east_m, north_m]))


def _to_lonlat(plane: Plane, xy: Point) -> Point:
    lat, lon = plane.to_degrees(xy[:, 0], xy[:, 1])
    return np.column_stack([lon, lat])


def points_beside(rng: np.random.Generator, plane: Plane, edge: shapely.Geometry, n: int) -> tuple[Floats, Floats]:
    """Points on either side of an edge (of one ring or several), from 10 m to 80 km away from a place on it."""
    rings = shapely.get_parts(edge)
    ring = rings[rng.integers(0, len(rings), n)]
    at = shapely.get_coordinates(shapely.line_interpolate_point(ring, rng.uniform(0, 1, n), normalized=True))
    x, y = plane.to_metres(at[:, 1], at[:, 0])
    away, angle = np.exp(rng.uniform(np.log(10), np.log(80_000), n)), rng.uniform(0, 2 * np.pi, n)
    return plane.to_degrees(x + away * np.cos(angle), y + away * np.sin(angle))


def _true_distance(edge: shapely.Geometry, lat: float, lon: float) -> float:
    """On a plane about the point itself, on which every distance from it is the geodesic one; the edge, straight in longitude and
    latitude, is cut small."""
    plane = Plane(float(lat), float(lon))
    fine = shapely.transform(shapely.segmentize(edge, TRUE_STEP_DEG), lambda xy: np.column_stack(plane.to_metres(xy[:, 1], xy[:, 0])))
    return float(shapely.distance(shapely.Point(0, 0), fine))


def _ours(book: ZoneBook, lat: Floats, lon: Floats) -> Floats:
    return book.edge_distance_m(np.zeros(len(lat), dtype=np.int64), lat, lon)


def _theirs(ring: shapely.LinearRing, lat: Floats, lon: Floats) -> Floats:
    metres = []
    for a, b in zip(lat.tolist(), lon.tolist(), strict=True):
        on_edge, _ = nearest_points(ring, shapely.Point(b, a))
        metres.append(geodesic((a, b), (on_edge.y, on_edge.x)).meters)
    return np.array(metres)
