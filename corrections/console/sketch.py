"""A violation's places as a drawing without a base map: the zone's outline, the fixes with their circles of accuracy, a scale bar.

Computed here as plain numbers for an SVG of ``WIDTH`` by ``HEIGHT`` units, north up, on the metric plane of the area.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from corrections.domain.geodesy import plane_at

WIDTH, HEIGHT = 720, 420
MARGIN = 28  # units around what is shown
LEAST_VIEW_M = 200.0  # across: below that only the noise of the fixes would be enlarged
WHOLE_ZONE = 4.0  # a zone is shown whole when that is not so many times larger than what happened, ...
WHOLE_ZONE_M = 2_000.0  # ... or no more than this across
DETAIL = 0.6  # units that the outline may be simplified by
CLUSTER = 14.0  # units within which fixes share one label
SCALE_SHARE = 0.22  # of the width, at most, for the scale bar
DENSIFY_DEG = 0.01


@dataclass(frozen=True, slots=True)
class Place:
    """A fix to be drawn: WGS-84 degrees and the claimed 68 % radius, None where the client claimed none."""

    label: str
    lat: float
    lon: float
    accuracy_m: float | None


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    radius: float | None  # of the circle of accuracy


@dataclass(frozen=True, slots=True)
class Label:
    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Sketch:
    """``outline`` is the data of an SVG path; ``covers`` says that the whole view lies inside the zone. ``scale`` is the bar's
    length in units, and ``scale_m`` what it stands for."""

    outline: str
    dots: list[Dot]
    labels: list[Label]
    scale: float
    scale_m: float
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True, slots=True)
class _View:
    """Which part of the plane is shown: its middle in metres, and units a metre."""

    x: float
    y: float
    per_m: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The bounds of the drawing in metres, a little beyond its edges so that cut outlines do not end inside it."""
        across, up = (WIDTH / 2 + 8) / self.per_m, (HEIGHT / 2 + 8) / self.per_m
        return self.x - across, self.y - up, self.x + across, self.y + up

    def units(self, x: float, y: float) -> tuple[float, float]:
        return round(WIDTH / 2 + (x - self.x) * self.per_m, 1), round(HEIGHT / 2 - (y - self.y) * self.per_m, 1)


def draw(places: Sequence[Place], outline: bytes | None) -> Sketch | None:
    """The drawing of these fixes and, where there is one, of the zone (WKB, WGS-84 longitude and latitude); None without fixes.

    Small zones are shown whole. Of large ones the part is shown that holds the fixes and the edge nearest to them.
    """
    if not places:
        return None
    plane = plane_at(round(places[0].lat, 1), round(places[0].lon, 1))
    xs, ys = plane.to_metres([p.lat for p in places], [p.lon for p in places])
    points = list(zip(xs.tolist(), ys.tolist(), strict=True))
    area = _on_plane(outline, plane.to_metres) if outline is not None else None
    view = _view(points, [p.accuracy_m or 0.0 for p in places], area)
    dots = [
        Dot(*view.units(*point), None if p.accuracy_m is None else round(max(p.accuracy_m * view.per_m, 1.0), 1))
        for point, p in zip(points, places, strict=True)
    ]
    scale_m = _round_length(WIDTH * SCALE_SHARE / view.per_m)
    path = _path(area, view) if area is not None else ""
    return Sketch(path, dots, _labels(dots, [p.label for p in places]), round(scale_m * view.per_m, 1), scale_m)


def _on_plane(outline: bytes, to_metres: object) -> shapely.Geometry:
    project = to_metres
    assert callable(project)
    densified = shapely.segmentize(shapely.from_wkb(outline), DENSIFY_DEG)
    return shapely.transform(densified, lambda lonlat: np.column_stack(project(lonlat[:, 1], lonlat[:, 0])))


def _view(points: Sequence[tuple[float, float]], radii: Sequence[float], area: shapely.Geometry | None) -> _View:
    """1. The fixes with their circles. 2. The edge nearest to each. 3. The whole zone, if that is not much more."""
    boxes = [(x - r, y - r, x + r, y + r) for (x, y), r in zip(points, radii, strict=True)]
    if area is not None:
        edge = shapely.boundary(area)
        nearest = shapely.get_coordinates(shapely.shortest_line(edge, shapely.points(points)))
        boxes += [(x, y, x, y) for x, y in nearest.tolist()]
        whole = tuple(shapely.bounds(area).tolist())
        joined = _around([*boxes, whole])
        if _across(joined) <= max(WHOLE_ZONE * _across(_around(boxes)), WHOLE_ZONE_M):
            boxes.append(whole)
    west, south, east, north = _around(boxes)
    width, height = max(east - west, LEAST_VIEW_M), max(north - south, LEAST_VIEW_M * HEIGHT / WIDTH)
    per_m = min((WIDTH - 2 * MARGIN) / width, (HEIGHT - 2 * MARGIN) / height)
    return _View((west + east) / 2, (south + north) / 2, per_m)


def _around(boxes: Sequence[tuple[float, ...]]) -> tuple[float, float, float, float]:
    west, south, east, north = zip(*boxes, strict=True)
    return min(west), min(south), max(east), max(north)


def _across(box: tuple[float, float, float, float]) -> float:
    return max(box[2] - box[0], box[3] - box[1])


def _path(area: shapely.Geometry, view: _View) -> str:
    """The part of the zone in view as SVG path data, holes included (to be filled by the even-odd rule)."""
    shown = shapely.intersection(shapely.make_valid(shapely.simplify(area, DETAIL / view.per_m)), shapely.box(*view.box))
    parts = []
    for polygon in shapely.get_parts(shown).tolist():
        if polygon.geom_type == "Polygon" and not polygon.is_empty:
            parts += [_ring(ring, view) for ring in (polygon.exterior, *polygon.interiors)]
    return "".join(parts)


def _ring(ring: shapely.LinearRing, view: _View) -> str:
    corners = [view.units(x, y) for x, y in shapely.get_coordinates(ring)[:-1].tolist()]
    return "M" + "L".join(f"{x:g},{y:g}" for x, y in corners) + "Z"


def _labels(dots: Sequence[Dot], texts: Sequence[str]) -> list[Label]:
    """One label for the fixes of a place, in order; a long list is shortened in the middle."""
    groups: list[tuple[Dot, list[str]]] = []
    for dot, text in zip(dots, texts, strict=True):
        for first, mine in groups:
            if math.hypot(dot.x - first.x, dot.y - first.y) <= CLUSTER:
                mine.append(text)
                break
        else:
            groups.append((dot, [text]))
    return [_label(dot, mine if len(mine) <= 3 else [mine[0], "…", mine[-1]]) for dot, mine in groups]


def _label(dot: Dot, texts: list[str]) -> Label:
    right = dot.x > WIDTH - 70
    return Label(dot.x - 52 if right else dot.x + 9, max(dot.y - 8, 14), " ".join(texts))


def _round_length(most_m: float) -> float:
    """The longest of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(most_m))
    return next(step * power for step in (5.0, 2.0, 1.0) if step * power <= most_m)
