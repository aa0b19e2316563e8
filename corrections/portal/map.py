"""A subject's zones as a drawing without a base map, north up. Nothing of it says where she is: her phone puts its own place in, by
itself, when she asks.

Longitude and latitude are drawn as they are, stretched to the metres of the middle: a zone's edge, a straight line in degrees
(RFC 7946), stays straight, and a script can place a position by two factors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import shapely

from corrections.domain.geodesy import distance_m

SIZE = 720  # units, square
MARGIN = 40
LEAST_VIEW_M = 400.0
AROUND_ONE = 0.35  # of its size, shown around a zone that is looked at by itself
DETAIL = 0.6  # units that an outline may be simplified by
SMALL = 26.0  # units: a zone smaller than this is only a mark
SCALE_SHARE = 0.3  # of the width, at most, for the scale bar
ALL_OF_IT = 0.999  # of what is in view
MARK = 22.0  # radius of a zone's number
WIDE, NARROW = 26.0, 14.0  # units of a letter


@dataclass(frozen=True, slots=True)
class Shown:
    """A zone to be drawn: its number, name, whether it is prohibited, and its outline (WKB, WGS-84 longitude and latitude)."""

    number: int
    name: str
    prohibited: bool
    outline: bytes


@dataclass(frozen=True, slots=True)
class Shape:
    """``path`` is SVG path data (even-odd); the mark with the number stands at ``x``, ``y``, the name at ``name_x``, ``name_y`` unless it
    found no room (then ``name`` is empty)."""

    number: int
    prohibited: bool
    path: str
    x: float
    y: float
    name: str
    name_x: float
    name_y: float


@dataclass(frozen=True, slots=True)
class Picture:
    """A position is at ``SIZE / 2 + (lon - middle lon) * per_lon``, ``SIZE / 2 - (lat - middle lat) * per_lat``."""

    shapes: list[Shape]
    lat: float
    lon: float
    per_lat: float
    per_lon: float
    per_m: float
    scale: float
    scale_m: float
    size: int = SIZE

    def units(self, lon: float, lat: float) -> tuple[float, float]:
        return round(SIZE / 2 + (lon - self.lon) * self.per_lon, 1), round(SIZE / 2 - (lat - self.lat) * self.per_lat, 1)


def draw(zones: Sequence[Shown], about: int | None = None) -> Picture | None:
    """The drawing of these zones: all of them in view, or the one with the number ``about`` and what lies around it. None without any."""
    areas = {zone.number: shapely.make_valid(shapely.from_wkb(zone.outline)) for zone in zones}
    if not areas:
        return None
    view = _view(list(areas.values()) if about not in areas else [areas[about]], AROUND_ONE if about in areas else 0.0)
    half = SIZE / 2 + 8
    box = shapely.box(
        view.lon - half / view.per_lon, view.lat - half / view.per_lat, view.lon + half / view.per_lon, view.lat + half / view.per_lat
    )
    taken: list[tuple[float, float, float, float]] = []
    for zone in sorted(zones, key=lambda zone: zone.prohibited):  # prohibited areas lie on top
        area = shapely.intersection(areas[zone.number], box)
        if not area.is_empty:
            view.shapes.append(_shape(zone, area, view, taken, shapely.area(box)))
    return view


def _view(areas: Sequence[shapely.Geometry], around: float) -> Picture:
    bounds = [shapely.bounds(area).tolist() for area in areas]
    west, south = min(b[0] for b in bounds), min(b[1] for b in bounds)
    east, north = max(b[2] for b in bounds), max(b[3] for b in bounds)
    lat, lon = (south + north) / 2, (west + east) / 2
    lat_m = distance_m(max(lat - 0.01, -90), lon, min(lat + 0.01, 90), lon) / 0.02
    lon_m = max(distance_m(lat, lon - 0.01, lat, lon + 0.01) / 0.02, 1.0)
    across = max((east - west) * lon_m, (north - south) * lat_m, LEAST_VIEW_M) * (1 + around)
    per_m = (SIZE - 2 * MARGIN) / across
    scale_m = _round_length(SIZE * SCALE_SHARE / per_m)
    return Picture([], lat, lon, per_m * lat_m, per_m * lon_m, per_m, round(scale_m * per_m, 1), scale_m)


def _shape(zone: Shown, area: shapely.Geometry, view: Picture, taken: list[tuple[float, float, float, float]], box_area: float) -> Shape:
    simple = shapely.make_valid(shapely.simplify(area, DETAIL / max(view.per_lat, view.per_lon)))
    west, south, east, north = shapely.bounds(area).tolist()
    large = max((east - west) * view.per_lon, (north - south) * view.per_lat) >= SMALL
    inner = shapely.point_on_surface(simple if not simple.is_empty else area)
    middle = view.units(inner.x, inner.y)
    if shapely.area(area) >= ALL_OF_IT * box_area:  # nothing of its edge is seen: its mark makes room for the others
        middle = (3 * MARK, 3 * MARK)
    x, y = _free(*middle, taken)
    taken.append(_mark_box(x, y))
    name, name_x, name_y = _name(zone.name, x, y, taken)
    return Shape(zone.number, zone.prohibited, _path(simple, view) if large else "", x, y, name, name_x, name_y)


def _free(x: float, y: float, taken: Sequence[tuple[float, float, float, float]]) -> tuple[float, float]:
    """The place nearest below (or, at the lower edge, above) where no other mark is; always inside the drawing."""
    x = min(max(x, MARK), SIZE - MARK)
    for step in range(0, SIZE, 8):
        for there in (y + step, y - step):
            if MARK <= there <= SIZE - MARK and not any(_overlap(_mark_box(x, there), box) for box in taken):
                return x, there
    return x, min(max(y, MARK), SIZE - MARK)


def _name(name: str, x: float, y: float, taken: list[tuple[float, float, float, float]]) -> tuple[str, float, float]:
    short = name if len(name) <= 10 else name[:9] + "…"
    width = sum(WIDE if ord(letter) > 0x2E7F else NARROW for letter in short)
    for left, middle in ((x + MARK + 6, y), (x - MARK - 6 - width, y), (x - width / 2, y + MARK + 16), (x - width / 2, y - MARK - 16)):
        box = (left, middle - 15, left + width, middle + 15)
        if left >= 2 and left + width <= SIZE - 2 and not any(_overlap(box, other) for other in taken):
            taken.append(box)
            return short, round(left, 1), round(middle + 9, 1)
    return "", 0.0, 0.0


def _mark_box(x: float, y: float) -> tuple[float, float, float, float]:
    return x - MARK, y - MARK, x + MARK, y + MARK


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _path(area: shapely.Geometry, view: Picture) -> str:
    parts = []
    for polygon in shapely.get_parts(area).tolist():
        if polygon.geom_type == "Polygon" and not polygon.is_empty:
            parts += [_ring(ring, view) for ring in (polygon.exterior, *polygon.interiors)]
    return "".join(parts)


def _ring(ring: shapely.LinearRing, view: Picture) -> str:
    corners = [view.units(lon, lat) for lon, lat in shapely.get_coordinates(ring)[:-1].tolist()]
    return "M" + "L".join(f"{x:g},{y:g}" for x, y in corners) + "Z"


def _round_length(most_m: float) -> float:
    """The longest of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(most_m))
    return next(step * power for step in (5.0, 2.0, 1.0) if step * power <= most_m)
