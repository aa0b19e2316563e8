"""Outlines: what a bureau has becomes a valid WGS-84 area, or an error that says where and why."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import shapely
from geopy.distance import geodesic
from hypothesis import given
from hypothesis import strategies as st

from corrections.domain.geodesy import from_wgs84
from corrections.domain.model import Datum
from corrections.errors import InvalidGeometry
from corrections.records import outlines
from corrections.records.validity import area_km2

LON, LAT = 122.70, 41.50
SQUARE = [[LON, LAT], [LON + 0.02, LAT], [LON + 0.02, LAT + 0.02], [LON, LAT + 0.02], [LON, LAT]]
HOLE = [
    [LON + 0.005, LAT + 0.005],
    [LON + 0.005, LAT + 0.010],
    [LON + 0.010, LAT + 0.010],
    [LON + 0.010, LAT + 0.005],
    [LON + 0.005, LAT + 0.005],
]
BOW_TIE = [[LON, LAT], [LON + 0.02, LAT + 0.02], [LON + 0.02, LAT], [LON, LAT + 0.02], [LON, LAT]]


def polygon(*rings: list[list[float]]) -> dict[str, object]:
    return {"type": "Polygon", "coordinates": list(rings)}


def feature(geometry: dict[str, object]) -> dict[str, object]:
    return {"type": "Feature", "properties": {}, "geometry": geometry}


def shifted(ring: list[list[float]], d_lon: float) -> list[list[float]]:
    return [[lon + d_lon, lat] for lon, lat in ring]


KML = """<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Folder><Placemark><name>云溪区</name>{}</Placemark></Folder></Document></kml>"""
KML_POLYGON = "<Polygon><outerBoundaryIs><LinearRing><coordinates>{}</coordinates></LinearRing></outerBoundaryIs></Polygon>".format(
    " ".join(f"{lon},{lat},15" for lon, lat in SQUARE)
)


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(polygon(SQUARE)),
        json.dumps(feature(polygon(SQUARE))),
        json.dumps({"type": "FeatureCollection", "features": [feature(polygon(SQUARE))]}),
        json.dumps({"type": "GeometryCollection", "geometries": [polygon(SQUARE)]}),
        "\ufeff" + json.dumps(polygon([[*point, 12.5] for point in SQUARE])),
        KML.format(KML_POLYGON),
        KML.format(f"<MultiGeometry>{KML_POLYGON}</MultiGeometry>"),
        shapely.Polygon(SQUARE).wkt,
        "SRID=4490;" + shapely.MultiPolygon([shapely.Polygon(SQUARE)]).wkt,
    ],
)
def test_every_form_of_the_same_square_gives_the_same_area(content: str) -> None:
    outline = outlines.read_outline(content.encode())

    assert outline.geometry.equals(shapely.Polygon(SQUARE))
    assert not outline.geometry.has_z
    assert outline.repair is None


def test_holes_and_several_parts_are_kept() -> None:
    given_parts = {"type": "MultiPolygon", "coordinates": [[SQUARE, HOLE], [shifted(SQUARE, 0.1)]]}

    geometry = outlines.from_geojson(given_parts).geometry

    assert shapely.get_num_geometries(geometry) == 2
    assert not geometry.intersects(shapely.Point(LON + 0.007, LAT + 0.007))
    assert geometry.area == pytest.approx(2 * 0.02**2 - 0.005**2)


def test_features_that_overlap_are_united() -> None:
    features = [feature(polygon(SQUARE)), feature(polygon(shifted(SQUARE, 0.01)))]

    outline = outlines.from_geojson({"type": "FeatureCollection", "features": features})

    assert outline.geometry.geom_type == "Polygon"
    assert outline.geometry.area == pytest.approx(0.03 * 0.02)


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
def test_an_outline_in_a_chinese_map_datum_lands_where_it_was_drawn(datum: Datum) -> None:
    ring = np.array(SQUARE)
    lat, lon = from_wgs84(ring[:, 1], ring[:, 0], datum)
    drawn = polygon(np.column_stack([lon, lat]).tolist())

    outline = outlines.from_geojson(drawn, datum=datum)

    corner = shapely.get_coordinates(outline.geometry)[0]
    assert geodesic((LAT, LON), corner[::-1]).meters < 0.01
    assert outline.source["datum"] == datum.value
    assert shapely.from_wkt(outline.source["given_wkt"]).equals(shapely.Polygon(drawn["coordinates"][0]))


def test_an_invalid_outline_is_refused_with_the_place_and_the_reason() -> None:
    with pytest.raises(InvalidGeometry) as refusal:
        outlines.from_geojson(polygon(BOW_TIE))

    assert "(122.710000, 41.510000): Self-intersection" in refusal.value.en
    assert "122.710000, 41.510000" in refusal.value.zh
    assert "自相交" in refusal.value.zh


def test_a_repair_is_told_in_numbers() -> None:
    outline = outlines.from_geojson(polygon(BOW_TIE), repair=True)

    assert outline.geometry.is_valid
    assert outline.repair is not None
    assert outline.repair.area_after_km2 == pytest.approx(outline.area_km2)
    assert outline.repair.area_before_km2 == pytest.approx(outline.area_km2)
    assert outline.repair.difference_km2 == pytest.approx(0, abs=1e-9)
    assert (outline.repair.parts_before, outline.repair.parts_after) == (1, 2)
    assert (outline.repair.vertices_before, outline.repair.vertices_after) == (4, 6)
    assert outline.source["repair"]["reason"].startswith("Self-intersection")


def test_a_repair_that_moves_the_edge_says_how_far() -> None:
    spike = [*SQUARE[:2], [LON + 0.03, LAT], [LON + 0.02, LAT], *SQUARE[2:]]

    outline = outlines.from_geojson(polygon(spike), repair=True)

    assert outline.geometry.equals(shapely.Polygon(SQUARE))
    assert outline.repair is not None
    assert outline.repair.displacement_m == pytest.approx(geodesic((LAT, LON), (LAT, LON + 0.01)).meters, rel=1e-3)


def test_a_hole_outside_its_shell_counts_as_difference() -> None:
    outline = outlines.from_geojson(polygon(SQUARE, shifted(HOLE, 0.1)), repair=True)

    assert outline.repair is not None
    assert (outline.repair.holes_before, outline.repair.holes_after) == (1, 0)
    assert outline.repair.difference_share == pytest.approx(
        abs(outline.repair.area_after_km2 / outline.repair.area_before_km2 - 1), abs=1e-6
    )


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (json.dumps(polygon([[lat, lon] for lon, lat in SQUARE])), "swapped"),
        ("POLYGON ((43.8 87.5, 43.9 87.5, 43.9 87.6, 43.8 87.5))", "swapped"),
        ("POLYGON ((500000 4500000, 501000 4500000, 501000 4501000, 500000 4500000))", "metres"),
        ("POLYGON ((179 50, -179 50, -179 51, 179 51, 179 50))", "180th meridian"),
        ("POLYGON ((122.7 41.5, 122.70001 41.5, 122.70001 41.50001, 122.7 41.5))", "square metres"),
        ("POLYGON EMPTY", "empty"),
        ("LINESTRING (122 41, 123 41)", "corridor"),
        ("POLYGON ((122 41, 123 41", "neither"),
        ('{"type": "Polygon", "coordinates": [[[122, NaN], [123, 41], [123, 42], [122, 41]]]}', "not a number"),
        ('{"type": "Polygon", "coordinates": [[[122, 41], [123, 41]]]}', "four positions"),
        ('{"type": "Polygon", "coordinates": [122, 41]}', "nested"),
        ('{"type": "Polygon"}', "nested"),
        ('{"type": "Point", "coordinates": [122, 41]}', "Point is not an area"),
        ('{"type": "Feature", "geometry": null}', "not an area"),
        ('{"type": "FeatureCollection", "features": []}', "nested"),
        ('{"type": "Polygon", ', "not JSON"),
        ('{"a":' * 100_000, "not JSON"),
        ('{"type": "Polygon", "crs": {"properties": {"name": "EPSG:4549"}}, "coordinates": []}', "EPSG:4549"),
        ("SRID=3857;POLYGON ((0 0, 1 0, 1 1, 0 0))", "EPSG:3857"),
        (KML.format("<Point><coordinates>122,41</coordinates></Point>"), "Point is not an area"),
        (KML.format("<Polygon>"), "cannot be read"),
        ('<!DOCTYPE kml [<!ENTITY a "ha">]><kml>&a;</kml>', "entity declaration"),
    ],
)
def test_what_is_not_an_area_is_refused_with_a_reason(content: str, word: str) -> None:
    with pytest.raises(InvalidGeometry, match=word) as refusal:
        outlines.read_outline(content)

    assert refusal.value.zh
    assert refusal.value.field == "outline"


def test_text_in_another_encoding_is_refused() -> None:
    with pytest.raises(InvalidGeometry, match="UTF-8"):
        outlines.read_outline('{"名": 1}'.encode("gb18030"))


def test_an_outline_with_too_many_vertices_is_refused() -> None:
    turn = np.linspace(0, 2 * np.pi, outlines.MAX_VERTICES + 2, endpoint=False)
    ring = np.column_stack([LON + 0.1 * np.cos(turn), LAT + 0.1 * np.sin(turn)])

    with pytest.raises(InvalidGeometry, match="vertices"):
        outlines.from_wkt(shapely.Polygon(ring).wkt)


@given(
    lat=st.floats(-80, 80),
    lon=st.floats(-170, 170).filter(lambda lon: not 0 <= lon <= 60),
    radius_m=st.floats(10, 20_000),
)
def test_a_circle_has_its_area_within_a_thousandth(lat: float, lon: float, radius_m: float) -> None:
    outline = outlines.circle(lat, lon, radius_m)

    assert outline.area_km2 == pytest.approx(math.pi * radius_m**2 / 1e6, rel=1e-3)
    assert len(shapely.get_coordinates(outline.geometry)) - 1 >= 128


@pytest.mark.parametrize("radius_m", [0.0, -5.0, math.nan, math.inf, 600_000.0])
def test_a_circle_without_a_sensible_radius_is_refused(radius_m: float) -> None:
    with pytest.raises(InvalidGeometry) as refusal:
        outlines.circle(LAT, LON, radius_m)

    assert refusal.value.field == "radius_m"


def test_a_corridor_reaches_its_half_width_and_no_further() -> None:
    line = [[LON, LAT], [LON + 0.3, LAT + 0.2], [LON + 0.5, LAT]]

    outline = outlines.corridor(line, 200.0)

    beside = geodesic(meters=199).destination((LAT + 0.2, LON + 0.3), 0)
    beyond = geodesic(meters=201).destination((LAT + 0.2, LON + 0.3), 0)
    assert outline.geometry.contains(shapely.Point(beside.longitude, beside.latitude))
    assert not outline.geometry.contains(shapely.Point(beyond.longitude, beyond.latitude))
    assert outline.source["half_width_m"] == 200.0


@pytest.mark.parametrize("line", [[[LON, LAT]], [[LON, LAT], [LON, LAT]], [["a", "b"], [1, 2]], [[LON, LAT], [LON - 30, LAT]]])
def test_a_corridor_without_a_sensible_line_is_refused(line: list[list[float]]) -> None:
    with pytest.raises(InvalidGeometry):
        outlines.corridor(line, 100.0)


def test_the_union_of_neighbouring_districts_has_no_inner_edge() -> None:
    west = outlines.from_geojson(polygon(SQUARE))
    east = outlines.from_geojson(polygon(shifted(SQUARE, 0.02)))

    city = outlines.union([west, east])

    assert city.geometry.geom_type == "Polygon"
    assert city.area_km2 == pytest.approx(west.area_km2 + east.area_km2)


def test_overlaps_with_neighbours_are_told_in_square_kilometres() -> None:
    here = outlines.from_geojson(polygon(SQUARE)).geometry
    others = {
        "half": shapely.Polygon(shifted(SQUARE, 0.01)),
        "touching": shapely.Polygon(shifted(SQUARE, 0.02)),
        "far": shapely.Polygon(shifted(SQUARE, 1.0)),
    }

    shared = outlines.overlaps(here, others)

    assert [name for name, _ in shared] == ["half"]
    assert shared[0][1] == pytest.approx(area_km2(here) / 2, rel=1e-6)
    assert outlines.overlaps(here, {}) == []
