"""(e) Metres to a zone's edge, error and speed, against the usual idiom: nearest_points in degrees, then a geodesic between the two."""

from __future__ import annotations

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


def measure() -> list[Outcome]:
    """Print errors by distance and times for each point, and whether the targets are reached."""
    heading("Metres to the edge of a district of 2,048 vertices, 100 km across, against nearest_points and geopy")
    rng = np.random.default_rng(3)
    plane = Plane(41.0, 122.0)
    district = shapely.transform(ragged_ring(rng, DISTRICT_RADIUS_M, 8), lambda xy: _to_lonlat(plane, xy))
    book = ZoneBook([ZoneVersion(1, 1, 1, "district", ZoneKind.INCLUSION, Severity.MEDIUM, shapely.to_wkb(district))])
    lat, lon = _points(rng, plane, district.exterior, POINTS)
    true = np.array([_true_distance(district.exterior, a, b) for a, b in zip(lat, lon, strict=True)])
    ours = _ours(book, lat, lon)
    theirs = _theirs(district.exterior, lat, lon)
    worst = 0.0
    for low, high in zip((0, *BANDS_M), BANDS_M, strict=False):
        rows = (true >= low) & (true < high)
        mine, peer = float(np.abs(ours - true)[rows].max()), float(np.abs(theirs - true)[rows].max())
        worst = max(worst, mine) if high <= 10_000 else worst
        line(f"largest error of {int(rows.sum())} points up to {high:,} m", f"ours {mine * 1000:8.2f} mm   theirs {peer:8.1f} m")
    many_lat, many_lon = _points(rng, plane, district.exterior, MANY)
    mine_s, theirs_s = in_turn(3, lambda: _ours(book, many_lat, many_lon), lambda: _theirs(district.exterior, lat, lon))
    line("ours, a point", mine_s.per(MANY))
    line("theirs, a point", theirs_s.per(POINTS))
    return [
        against("largest error up to 10 km", worst * 1000, ERROR_TARGET_MM, "mm", at_most=True),
        against("ours is faster", theirs_s.median / POINTS / (mine_s.median / MANY), SPEED_TARGET),
    ]


def _to_lonlat(plane: Plane, xy: Point) -> Point:
    lat, lon = plane.to_degrees(xy[:, 0], xy[:, 1])
    return np.column_stack([lon, lat])


def _points(rng: np.random.Generator, plane: Plane, ring: shapely.LinearRing, n: int) -> tuple[Floats, Floats]:
    """Points on either side of the edge, from 10 m to 80 km away from a place on it."""
    at = shapely.get_coordinates(shapely.line_interpolate_point(ring, rng.uniform(0, 1, n), normalized=True))
    x, y = plane.to_metres(at[:, 1], at[:, 0])
    away, angle = np.exp(rng.uniform(np.log(10), np.log(80_000), n)), rng.uniform(0, 2 * np.pi, n)
    return plane.to_degrees(x + away * np.cos(angle), y + away * np.sin(angle))


def _true_distance(ring: shapely.LinearRing, lat: float, lon: float) -> float:
    """On a plane about the point itself, on which every distance from it is the geodesic one; the edge, straight in longitude and
    latitude, is cut small."""
    plane = Plane(float(lat), float(lon))
    fine = shapely.get_coordinates(shapely.segmentize(ring, TRUE_STEP_DEG))
    return float(shapely.distance(shapely.Point(0, 0), shapely.LineString(np.column_stack(plane.to_metres(fine[:, 1], fine[:, 0])))))


def _ours(book: ZoneBook, lat: Floats, lon: Floats) -> Floats:
    return book.edge_distance_m(np.zeros(len(lat), dtype=np.int64), lat, lon)


def _theirs(ring: shapely.LinearRing, lat: Floats, lon: Floats) -> Floats:
    metres = []
    for a, b in zip(lat.tolist(), lon.tolist(), strict=True):
        on_edge, _ = nearest_points(ring, shapely.Point(b, a))
        metres.append(geodesic((a, b), (on_edge.y, on_edge.x)).meters)
    return np.array(metres)
