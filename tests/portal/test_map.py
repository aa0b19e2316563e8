"""The drawing of her zones: true to scale, every zone in it, marks and names apart."""

from __future__ import annotations

import math
import re

import pytest

from corrections.domain.geodesy import distance_m
from corrections.domain.model import Datum
from corrections.portal.map import MARK, SIZE, Shown, draw
from corrections.records import outlines

LAT, LON = 41.5, 122.72


def area(number: int, north_m: float = 0.0, east_m: float = 0.0, radius_m: float = 300.0, *, prohibited: bool = True) -> Shown:
    lat = LAT + north_m / 111_060.0
    lon = LON + east_m / 83_500.0
    return Shown(number, f"地方{number}", prohibited, outlines.circle(lat, lon, radius_m, datum=Datum.WGS84).wkb)


def corners(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", path)]


def test_without_zones_there_is_nothing_to_draw() -> None:
    assert draw([]) is None


def test_all_of_every_zone_is_in_view_north_up() -> None:
    drawn = draw([area(1, radius_m=5_000, prohibited=False), area(2, north_m=3_000), area(3, east_m=3_000)])

    assert drawn is not None
    assert all(0 <= x <= SIZE and 0 <= y <= SIZE for shape in drawn.shapes for x, y in corners(shape.path))
    one, two, three = sorted(drawn.shapes, key=lambda shape: shape.number)
    assert two.y < one.y
    assert three.x > one.x


@pytest.mark.parametrize("lat", [0.0, 41.5, 52.0, -33.0])
def test_lengths_are_true_to_the_scale_bar_and_a_script_places_a_position_by_two_factors(lat: float) -> None:
    drawn = draw([Shown(1, "x", True, outlines.circle(lat, LON, 5_000, datum=Datum.WGS84).wkb)])
    assert drawn is not None

    for north, east in ((0.02, 0.0), (0.0, 0.03), (-0.015, 0.02)):
        x, y = drawn.units(LON + east, lat + north)
        units = math.hypot(x - SIZE / 2, y - SIZE / 2)
        assert units * drawn.scale_m / drawn.scale == pytest.approx(distance_m(lat, LON, lat + north, LON + east), rel=0.005)
    assert drawn.scale / drawn.scale_m == pytest.approx(drawn.per_m, rel=0.01)
    assert drawn.scale <= 0.3 * SIZE + 0.1


def test_marks_and_names_lie_apart_and_inside() -> None:
    drawn = draw([area(n, north_m=60.0 * n, radius_m=50.0) for n in range(1, 9)] + [area(9, radius_m=20_000, prohibited=False)])
    assert drawn is not None

    marks = [(shape.x, shape.y) for shape in drawn.shapes]
    assert len(marks) == 9
    assert all(MARK <= x <= SIZE - MARK and MARK <= y <= SIZE - MARK for x, y in marks)
    boxes = [(x - MARK, y - MARK, x + MARK, y + MARK) for x, y in marks]
    assert not any(a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3] for i, a in enumerate(boxes) for b in boxes[i + 1 :])
    assert sum(bool(shape.name) for shape in drawn.shapes) >= 5


def test_a_zone_too_small_to_see_is_a_mark_and_one_looked_at_by_itself_is_large() -> None:
    zones = [area(1, radius_m=30_000, prohibited=False), area(2, radius_m=100)]
    whole, close = draw(zones), draw(zones, about=2)
    assert whole is not None
    assert close is not None

    assert {shape.number: bool(shape.path) for shape in whole.shapes} == {1: True, 2: False}
    assert {shape.number: bool(shape.path) for shape in close.shapes} == {1: True, 2: True}
    assert close.scale_m < whole.scale_m / 20
    prohibited = next(shape for shape in close.shapes if shape.number == 2)
    assert math.hypot(prohibited.x - SIZE / 2, prohibited.y - SIZE / 2) < 30
