"""Whether a geometry is an area that a zone can have: its range, its validity, and its repair told in numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from pyproj import Geod
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from corrections.domain.geodesy import CHINA, Plane
from corrections.errors import InvalidGeometry

Area = Polygon | MultiPolygon

_GEOD = Geod(ellps="WGS84")

_REASONS_ZH = {
    "Self-intersection": "边界自相交",
    "Ring Self-intersection": "边界环自相交",
    "Hole lies outside shell": "洞在外边界之外",
    "Nested holes": "洞中有洞",
    "Nested shells": "部分互相包含",
    "Duplicate Rings": "边界环重复",
    "Interior is disconnected": "内部不连通",
    "Too few points in geometry component": "顶点过少",
    "Invalid Coordinate": "坐标无效",
}


@dataclass(frozen=True, slots=True)
class Repair:
    """What a repair changed, in numbers. "Before" is the outline read by the even-odd rule: what a line crosses an odd number
    of times to reach is inside."""

    reason: str
    area_before_km2: float
    area_after_km2: float
    difference_km2: float  # of the symmetric difference
    difference_share: float  # of the area before
    vertices_before: int
    vertices_after: int
    parts_before: int
    parts_after: int
    holes_before: int
    holes_after: int
    displacement_m: float  # the largest way from a vertex of one to the edge of the other


def area_km2(geometry: BaseGeometry) -> float:
    """Geodesic area in square kilometres of a WGS-84 geometry, holes taken out (Karney 2013)."""
    if geometry.is_empty:
        return 0.0
    area, _ = _GEOD.geometry_area_perimeter(shapely.orient_polygons(geometry))
    return abs(float(area)) / 1e6


def areas(geometry: BaseGeometry) -> Iterator[Area]:
    """The polygons that a set operation left; points and lines, where areas only touch, are dropped."""
    if isinstance(geometry, Polygon | MultiPolygon):
        if not geometry.is_empty:
            yield geometry
    else:
        for part in getattr(geometry, "geoms", ()):
            yield from areas(part)


def one_area(parts: Iterable[Area], *, empty: bool = False) -> Area:
    """All the polygons of ``parts`` as one; InvalidGeometry when there is none, unless that may be (``empty``)."""
    polygons = [polygon for part in parts for polygon in (part.geoms if isinstance(part, MultiPolygon) else [part])]
    if not polygons and not empty:
        raise refused("The outline is empty.", "区域为空。")
    return polygons[0] if len(polygons) == 1 else MultiPolygon(polygons)


def mended(part: Area, repair: bool, repairs: list[Repair]) -> Area:
    """The part itself when valid; else its repair, reported in ``repairs``, if ``repair`` is wanted. Else InvalidGeometry."""
    if shapely.is_valid(part):
        return part
    reason = shapely.is_valid_reason(part)
    if not repair:
        raise _invalid(reason)
    after = one_area(areas(shapely.make_valid(part, method="structure", keep_collapsed=False)))
    repairs.append(_compare(part, after, reason))
    return after


def _compare(before: Area, after: Area, reason: str) -> Repair:
    even_odd = one_area(areas(shapely.make_valid(before, method="linework")), empty=True)
    area = area_km2(even_odd)
    difference = area_km2(one_area(areas(shapely.symmetric_difference(even_odd, after)), empty=True))
    return Repair(
        reason=reason,
        area_before_km2=area,
        area_after_km2=area_km2(after),
        difference_km2=difference,
        difference_share=difference / area if area else 1.0,
        vertices_before=_vertices(before),
        vertices_after=_vertices(after),
        parts_before=shapely.get_num_geometries(before).item(),
        parts_after=shapely.get_num_geometries(after).item(),
        holes_before=_holes(before),
        holes_after=_holes(after),
        displacement_m=_displacement_m(before, after),
    )


def total(repairs: Sequence[Repair]) -> Repair | None:
    """One report of the repairs of several features."""
    if len(repairs) < 2:
        return repairs[0] if repairs else None
    sums: dict[str, Any] = {
        name: sum(getattr(r, name) for r in repairs)
        for name in Repair.__dataclass_fields__
        if name not in ("reason", "difference_share", "displacement_m")
    }
    before = sums["area_before_km2"]
    return Repair(
        reason="; ".join(r.reason for r in repairs),
        difference_share=sums["difference_km2"] / before if before else 1.0,
        displacement_m=max(r.displacement_m for r in repairs),
        **sums,
    )


def _vertices(area: Area) -> int:
    """Vertices without the repeated last one of each ring."""
    return int(shapely.get_num_coordinates(area)) - sum(1 + len(part.interiors) for part in shapely.get_parts(area))


def _holes(area: Area) -> int:
    return int(shapely.get_num_interior_rings(shapely.get_parts(area)).sum())


def _displacement_m(before: Area, after: Area) -> float:
    """The Hausdorff distance in metres between the vertices of either and the edge of the other."""
    west, south, east, north = before.bounds
    plane = Plane((south + north) / 2, (west + east) / 2)
    one, two = to_metres(plane, before), to_metres(plane, after)
    return max(_farthest(one, two), _farthest(two, one))


def _farthest(of: BaseGeometry, edge: BaseGeometry) -> float:
    rings = [shapely.get_coordinates(ring) for ring in shapely.get_rings(shapely.get_parts(edge))]
    segments: Any = shapely.linestrings(np.concatenate([np.stack([r[:-1], r[1:]], axis=1) for r in rings]))
    points = shapely.points(shapely.get_coordinates(of))
    _, distances = shapely.STRtree(segments).query_nearest(points, all_matches=False, return_distance=True)
    return float(distances.max())


def to_metres(plane: Plane, geometry: BaseGeometry) -> BaseGeometry:
    """The geometry in metres on the plane."""
    moved: BaseGeometry = shapely.transform(geometry, lambda c: np.column_stack(plane.to_metres(c[:, 1], c[:, 0])))
    return moved


def check_range(coordinates: Any) -> None:
    """Refuse what is not finite, out of range, swapped, or reaches across the antimeridian. ``coordinates``: (n, 2) lon, lat."""
    if not np.isfinite(coordinates).all():
        raise refused("A coordinate is not a number.", "坐标中有非数值。")
    lon, lat = coordinates[:, 0], coordinates[:, 1]
    fits = (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
    if _looks_swapped(lon, lat, bool(fits.all())):
        raise refused(
            f"Latitude and longitude look swapped at ({lon[0]:.6f}, {lat[0]:.6f}): longitude comes first.",
            f"经纬度似乎颠倒（{lon[0]:.6f}，{lat[0]:.6f}）：应先经度后纬度。",
        )
    if not fits.all():
        bad = int(np.flatnonzero(~fits)[0])
        raise refused(
            f"({lon[bad]:.6f}, {lat[bad]:.6f}) is not a longitude and latitude in degrees; coordinates in metres must be converted.",
            f"（{lon[bad]:.6f}，{lat[bad]:.6f}）不是以度为单位的经纬度；投影坐标（米）请先转换。",
        )
    if np.ptp(lon) > 180:
        raise refused("The outline reaches across the 180th meridian.", "区域跨越 180 度经线，不支持。")


def _looks_swapped(lon: Any, lat: Any, fits: bool) -> bool:
    west, south, east, north = CHINA
    if ((lat >= west) & (lat <= east) & (lon >= south) & (lon <= north)).all():
        return not ((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)).any()
    return not fits and bool(((np.abs(lat) <= 180) & (np.abs(lon) <= 90)).all())


def _invalid(reason: str) -> InvalidGeometry:
    """From GEOS's "Self-intersection[116.4 39.9]"."""
    found = re.fullmatch(r"(.*?)\[(\S+) (\S+)\]", reason)
    what, place = (found[1], f"{float(found[2]):.6f}, {float(found[3]):.6f}") if found else (reason, "?")
    return refused(
        f"The outline is invalid at ({place}): {what}. Correct it there, or import it with repair.",
        f"区域在（{place}）处无效：{_REASONS_ZH.get(what, what)}。请更正，或选择修复后导入。",
    )


def refused(en: str, zh: str, name: str = "outline") -> InvalidGeometry:
    """The error to raise about the input ``name``."""
    return InvalidGeometry(en, zh, field=name)
