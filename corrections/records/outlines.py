"""A zone's outline, from what a bureau has (GeoJSON, KML, WKT, a circle, a corridor along a line) to a valid WGS-84 area.

Outlines are 2-D shapely Polygons or MultiPolygons in (lon, lat) degrees. Published district outlines are often invalid:
such a one is refused with the place and the reason, or repaired when asked to, with the difference in numbers.
"""

from __future__ import annotations

import hashlib
import json
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from corrections.domain.geodesy import Plane, to_wgs84
from corrections.domain.model import Datum
from corrections.errors import InvalidGeometry
from corrections.records.validity import Area, Repair, area_km2, areas, check_range, mended, one_area, refused, to_metres, total

MAX_VERTICES = 100_000
MAX_BYTES = 30_000_000
LEAST_AREA_M2 = 100.0
CIRCLE_VERTICES = 180  # the ring's area is then 0.02 % under the circle's
RADIUS_M = (10.0, 500_000.0)
HALF_WIDTH_M = (1.0, 50_000.0)
CORRIDOR_REACH_M = 500_000.0  # from the middle of the line: the plane is then true to 0.1 %
DENSIFY_DEG = 0.01  # a line keeps its course in degrees to centimetres on the plane

_WGS84_NAMES = re.compile(r"(CRS:?84|EPSG:+(4326|4490|4979)|WGS ?84|CGCS ?2000)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Outline:
    """A valid WGS-84 area, how it was given (``source``, for the zone's record) and what a repair changed, if any."""

    geometry: Area
    source: dict[str, Any] = field(default_factory=dict)
    repair: Repair | None = None

    @property
    def wkb(self) -> bytes:
        return shapely.to_wkb(self.geometry)

    @property
    def area_km2(self) -> float:
        return area_km2(self.geometry)


# ---- the ways in


def read_outline(content: str | bytes, *, datum: Datum = Datum.WGS84, repair: bool = False) -> Outline:
    """An outline from a GeoJSON, KML or WKT document, told apart by its first character.

    Raises InvalidGeometry.
    """
    text = _text(content)
    start = text.lstrip()[:1]
    if start == "{":
        return from_geojson(text, datum=datum, repair=repair)
    return (from_kml if start == "<" else from_wkt)(text, datum=datum, repair=repair)


def from_geojson(content: str | bytes | Mapping[str, Any], *, datum: Datum = Datum.WGS84, repair: bool = False) -> Outline:
    """An outline from a GeoJSON (RFC 7946) geometry, Feature or FeatureCollection of polygons; several features are united.

    ``content`` is the text or the parsed object; ``datum`` is what its coordinates are in, as the bureau declares.
    Raises InvalidGeometry.
    """
    if not isinstance(content, Mapping):
        try:
            content = json.loads(_text(content))
        except (ValueError, RecursionError) as error:
            raise refused(f"This is not JSON: {error}.", "文件不是有效的 JSON，请检查后重试。") from error
    if not isinstance(content, Mapping):
        raise refused("A GeoJSON document is an object.", "GeoJSON 文件的最外层应为对象。")
    _check_crs(content)
    parts = list(_geojson_areas(content))
    return _outline(parts, datum, repair, "geojson")


def from_kml(content: str | bytes, *, datum: Datum = Datum.WGS84, repair: bool = False) -> Outline:
    """An outline from the polygons of a KML document's placemarks, united when there are several.

    A document type or entity declaration is refused (entities can be made to fill the memory). Raises InvalidGeometry.
    """
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", _text(content), count=1)
    if re.search(r"<!(DOCTYPE|ENTITY)", text, re.IGNORECASE):
        raise refused(
            "The KML holds a document type or entity declaration, which is not allowed. Export it again without.",
            "KML 文件含有文档类型或实体声明，不允许导入。请重新导出后再试。",
        )
    return _outline([part for shape in _kml_shapes(text) for part in _geojson_areas(shape)], datum, repair, "kml")


def from_wkt(content: str | bytes, *, datum: Datum = Datum.WGS84, repair: bool = False) -> Outline:
    """An outline from a WKT POLYGON or MULTIPOLYGON in (lon lat). Raises InvalidGeometry."""
    text = _text(content).strip()
    if head := re.match(r"SRID=(\d+);", text, re.IGNORECASE):
        _require_degrees(f"EPSG:{head[1]}")
        text = text[head.end() :]
    try:
        geometry = shapely.from_wkt(text)
    except (shapely.GEOSException, ValueError) as error:
        raise refused(f"This is neither GeoJSON, KML nor WKT: {error}.", "无法识别：内容不是 GeoJSON、KML 或 WKT。") from error
    if geometry.is_empty:
        raise refused("The outline is empty.", "区域为空。")
    return _outline(list(_geojson_areas(geometry.__geo_interface__)), datum, repair, "wkt")


def circle(lat: float, lon: float, radius_m: float, *, datum: Datum = Datum.WGS84) -> Outline:
    """All that is within ``radius_m`` metres (geodesic, Karney 2013) of a centre in degrees of ``datum``.

    A ring of 180 vertices on the circle; its area is within 0.1 % of the circle's. Raises InvalidGeometry.
    """
    check_range(np.array([[lon, lat]]))
    _check_length(radius_m, RADIUS_M, "radius_m", "radius", "半径")
    at = to_wgs84(lat, lon, datum)
    from geopy.distance import geodesic  # it brings every geocoder: 9 MB, for what is seldom done

    ring = [geodesic(meters=radius_m).destination(at, 360.0 * i / CIRCLE_VERTICES) for i in range(CIRCLE_VERTICES)]
    polygon = Polygon([(point.longitude, point.latitude) for point in reversed(ring)])
    check_range(shapely.get_coordinates(polygon))
    source = {"shape": "circle", "datum": datum.value, "lat": lat, "lon": lon, "radius_m": radius_m}
    return Outline(polygon, source)


def corridor(line: Sequence[Sequence[float]], half_width_m: float, *, datum: Datum = Datum.WGS84) -> Outline:
    """All that is within ``half_width_m`` metres of a line of two or more (lon, lat) degrees in ``datum``.

    Buffered on an azimuthal equidistant plane about the line's middle, round at the ends. Raises InvalidGeometry.
    """
    coordinates = _positions(line)
    if len(coordinates) < 2 or not np.ptp(coordinates, axis=0).any():
        raise refused("A corridor's line needs two different points.", "走廊的中心线至少需要两个不同的点。", "line")
    check_range(coordinates)
    _check_length(half_width_m, HALF_WIDTH_M, "half_width_m", "half width", "半宽")
    lat, lon = to_wgs84(coordinates[:, 1], coordinates[:, 0], datum)
    way = shapely.segmentize(shapely.LineString(np.column_stack([lon, lat])), DENSIFY_DEG)
    west, south, east, north = way.bounds
    plane = Plane((south + north) / 2, (west + east) / 2)
    flat = to_metres(plane, way)
    if np.hypot(*np.abs(shapely.get_coordinates(flat)).max(axis=0)) > CORRIDOR_REACH_M:
        raise refused("A corridor may reach 1,000 km; split the line.", "走廊总长不得超过 1000 公里，请分段设置。", "line")
    geometry = shapely.transform(shapely.buffer(flat, half_width_m, quad_segs=16), _degrees_of(plane))
    check_range(shapely.get_coordinates(geometry))
    source = {"shape": "corridor", "datum": datum.value, "line": coordinates.tolist(), "half_width_m": half_width_m}
    return Outline(geometry, source)


def union(outlines: Sequence[Outline]) -> Outline:
    """One outline of several, such as a city's urban districts; shared edges vanish, gaps between them stay.

    Raises InvalidGeometry when there is none.
    """
    if not outlines:
        raise refused("Choose at least one outline.", "请至少选择一个区域。", "outlines")
    whole = shapely.union_all([outline.geometry for outline in outlines])
    return Outline(one_area(areas(whole)), {"shape": "union", "datum": Datum.WGS84.value, "of": [o.source for o in outlines]})


# ---- questions about outlines


def overlaps(outline: Area, others: Mapping[str, Area]) -> list[tuple[str, float]]:
    """Which of ``others`` share area with ``outline``, and how many square kilometres, the largest first."""
    if not others:
        return []
    names, geometries = list(others), np.array(list(others.values()), dtype=object)
    near = shapely.STRtree(geometries).query(outline, predicate="intersects")
    shared = [(names[i], area_km2(one_area(areas(shapely.intersection(outline, geometries[i])), empty=True))) for i in near]
    return sorted((pair for pair in shared if pair[1] > 0), key=lambda pair: -pair[1])


# ---- from a document to polygons


def _text(content: str | bytes) -> str:
    if len(content) > MAX_BYTES:
        raise refused(f"The file is larger than {MAX_BYTES // 1_000_000} MB.", f"文件超过 {MAX_BYTES // 1_000_000} MB。")
    if isinstance(content, str):
        return content
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refused("The file is not UTF-8 text.", "文件不是 UTF-8 编码的文本。") from error


def _kml_shapes(text: str) -> Iterator[Mapping[str, Any]]:
    """The geometries of all placemarks, as GeoJSON-like mappings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fastkml remarks at import that lxml, which it can do without, is absent
        from fastkml import KML, Placemark
        from fastkml.utils import find_all
    try:
        document = KML.from_string(text, strict=False)
        shapes = [mark.geometry for mark in find_all(document, of_type=Placemark) if isinstance(mark, Placemark)]
    except Exception as error:  # fastkml lets errors of its XML parser and of pygeoif through, of many classes
        raise refused(f"The KML cannot be read: {error}.", "无法读取 KML 文件，请检查后重新导出。") from error
    for shape in shapes:
        if shape is None:
            raise refused("A placemark has no geometry.", "KML 中有地标没有几何图形。")
        yield shape.__geo_interface__


def _geojson_areas(node: Any, depth: int = 0) -> Iterator[Area]:
    kind = node.get("type") if isinstance(node, Mapping) and depth < 10 else None
    if kind == "FeatureCollection":
        children = node.get("features")
    elif kind == "Feature":
        children = [node.get("geometry")]
    elif kind == "GeometryCollection":
        children = node.get("geometries")
    elif kind == "Polygon":
        yield _polygon(node.get("coordinates"))
        return
    elif kind == "MultiPolygon":
        parts = node.get("coordinates")
        if not isinstance(parts, list | tuple) or not parts:
            raise _malformed()
        yield MultiPolygon([_polygon(part) for part in parts])
        return
    else:
        raise _wrong_type(str(kind))
    if not isinstance(children, list | tuple) or not children:
        raise _malformed()
    for child in children:
        yield from _geojson_areas(child, depth + 1)


def _polygon(rings: Any) -> Polygon:
    if not isinstance(rings, list | tuple) or not rings:
        raise _malformed()
    lines = [_positions(ring) for ring in rings]
    if any(len(line) < 3 for line in lines):
        raise refused("A ring needs at least four positions, the last equal to the first.", "边界环至少需要四个点，且首尾相同。")
    check_range(np.concatenate(lines))
    return Polygon(lines[0], lines[1:])


def _positions(points: Any) -> Any:
    """(n, 2) float64 of (lon, lat); heights are dropped."""
    try:
        return np.array([(point[0], point[1]) for point in points], dtype=np.float64).reshape(-1, 2)
    except (TypeError, ValueError, IndexError, KeyError) as error:
        raise _malformed() from error


# ---- from polygons to an outline


def _outline(parts: Sequence[Area], datum: Datum, repair: bool, form: str) -> Outline:
    """1. Range, size and span as given. 2. Validity as given, where the drawer can find the place. 3. The conversion, vertex by
    vertex, and validity again (a shift can close a sliver). 4. The union, when several features were given."""
    if not parts:
        raise refused("The outline is empty.", "区域为空。")
    given = [shapely.force_2d(part) for part in parts]
    coordinates = np.concatenate([shapely.get_coordinates(part) for part in given])
    check_range(coordinates)
    if len(coordinates) > MAX_VERTICES:
        raise refused(
            f"The outline has {len(coordinates):,} vertices, more than {MAX_VERTICES:,}. Simplify it first.",
            f"区域有 {len(coordinates)} 个顶点，超过 {MAX_VERTICES} 个，请先简化。",
        )
    whole = given[0] if len(given) == 1 else one_area(given)
    repairs: list[Repair] = []
    # Features of one file may touch or overlap each other, which a MultiPolygon may not: each is judged by itself.
    valid = [mended(shapely.transform(mended(part, repair, repairs), _to_wgs84(datum)), repair, repairs) for part in given]
    geometry = valid[0] if len(valid) == 1 else one_area(areas(shapely.union_all(valid)))
    if area_km2(geometry) * 1e6 < LEAST_AREA_M2:
        raise refused(
            f"The area is under {LEAST_AREA_M2:.0f} square metres, less than a phone can tell.",
            f"面积不足 {LEAST_AREA_M2:.0f} 平方米，小于手机定位可分辨的范围。",
        )
    report = total(repairs)
    source: dict[str, Any] = {"shape": "polygon", "datum": datum.value, "format": form, "sha256": hashlib.sha256(whole.wkb).hexdigest()}
    if report or datum not in (Datum.WGS84, Datum.CGCS2000):
        source["given_wkt"] = shapely.to_wkt(whole, rounding_precision=-1)  # the original, since what is stored differs
    if report:
        source["repair"] = asdict(report)
    return Outline(geometry, source, report)


def _degrees_of(plane: Plane) -> Callable[[Any], Any]:
    return lambda c: np.column_stack(plane.to_degrees(c[:, 0], c[:, 1])[::-1])


def _to_wgs84(datum: Datum) -> Callable[[Any], Any]:
    return lambda c: np.column_stack(to_wgs84(c[:, 1], c[:, 0], datum)[::-1])


# ---- checks and their words


def _check_length(value: float, limits: tuple[float, float], name: str, en: str, zh: str) -> None:
    least, most = limits
    if not least <= value <= most:
        raise refused(
            f"The {en} must be between {least:,.0f} and {most:,.0f} metres.", f"{zh}应在 {least:.0f} 至 {most:.0f} 米之间。", name
        )


def _check_crs(document: Mapping[str, Any]) -> None:
    crs = document.get("crs")
    properties = crs.get("properties") if isinstance(crs, Mapping) else None
    if isinstance(properties, Mapping) and isinstance(properties.get("name"), str):
        _require_degrees(properties["name"])


def _require_degrees(name: str) -> None:
    if not _WGS84_NAMES.search(name):
        raise refused(
            f"The file's coordinate system is {name}; convert it to WGS-84 or CGCS2000 degrees.",
            f"文件的坐标系为 {name}，请先转换为 WGS-84 或 CGCS2000 经纬度。",
        )


def _malformed() -> InvalidGeometry:
    return refused("The coordinates are not nested as the type demands.", "坐标结构与几何类型不符。")


def _wrong_type(kind: str) -> InvalidGeometry:
    return refused(
        f"{kind} is not an area: a zone is a Polygon or MultiPolygon (for a line, make a corridor with a half width).",
        f"{kind} 不是面：电子围栏应为多边形或多部分多边形（线请设置为走廊并给出半宽）。",
    )
