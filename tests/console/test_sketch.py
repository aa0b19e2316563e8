"""The drawing of a violation's places: what is in view, how large it is, and that it is true to scale."""

from __future__ import annotations

import math
import re

import pytest
import shapely

from corrections.console.sketch import HEIGHT, WIDTH, Place, draw
from corrections.domain.geodesy import distance_m
from corrections.domain.model import Datum
from corrections.records import outlines

LAT, LON = 41.5, 122.72


def north(metres: float, label: str = "1", accuracy_m: float | None = 20.0) -> Place:
    return Place(label, LAT + metres / 111_060.0, LON, accuracy_m)


def corners(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", path)]


def circle(radius_m: float) -> bytes:
    return outlines.circle(LAT, LON, radius_m, datum=Datum.WGS84).wkb


def test_without_a_fix_there_is_nothing_to_draw() -> None:
    assert draw([], circle(500)) is None


@pytest.mark.parametrize("far_m", [10.0, 300.0, 5_000.0, 80_000.0])
@pytest.mark.parametrize("zone_m", [50.0, 2_000.0, 60_000.0])
def test_every_fix_and_the_edge_nearest_to_it_are_in_view(zone_m: float, far_m: float) -> None:
    sketch = draw([north(zone_m + far_m), north(zone_m + far_m / 2, "2", None)], circle(zone_m))

    assert sketch is not None
    assert all(0 <= dot.x <= WIDTH and 0 <= dot.y <= HEIGHT for dot in sketch.dots)
    assert any(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in corners(sketch.outline))
    assert 0 < sketch.scale <= WIDTH * 0.22 + 0.1


def test_lengths_are_true_to_the_scale_bar_and_north_is_up() -> None:
    a, b = north(3_000, accuracy_m=250.0), Place("2", LAT + 0.01, LON + 0.03, None)
    sketch = draw([a, b], circle(2_000))
    assert sketch is not None
    one, two = sketch.dots
    per_m = sketch.scale / sketch.scale_m

    assert math.hypot(one.x - two.x, one.y - two.y) == pytest.approx(distance_m(a.lat, a.lon, b.lat, b.lon) * per_m, rel=0.003)
    assert one.radius == pytest.approx(250 * per_m, abs=0.1)
    assert two.radius is None
    assert one.y < two.y
    assert one.x < two.x


def test_a_small_zone_is_shown_whole_and_of_a_large_one_the_part_where_it_happened() -> None:
    small, large = draw([north(700)], circle(500)), draw([north(60_200)], circle(60_000))
    assert small is not None
    assert large is not None

    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in corners(small.outline))
    assert large.scale_m <= 100
    assert len(large.outline) < 2_000


def test_a_hole_stays_open() -> None:
    area = shapely.from_wkb(circle(800)).difference(shapely.from_wkb(circle(300)))

    sketch = draw([north(100)], shapely.to_wkb(area))

    assert sketch is not None
    assert sketch.outline.count("M") == 2


def test_fixes_at_one_place_share_a_label() -> None:
    crowd = [north(5_000 + i, str(i + 1)) for i in range(6)]

    sketch = draw([*crowd, north(2_500, "7")], circle(2_000))

    assert sketch is not None
    assert [label.text for label in sketch.labels] == ["1 … 6", "7"]


@pytest.mark.parametrize(("metres", "round_to"), [(600.0, 200.0), (30_000.0, 10_000.0)])
def test_the_scale_bar_is_a_round_length(metres: float, round_to: float) -> None:
    sketch = draw([north(0), north(metres, "2")], None)

    assert sketch is not None
    assert sketch.scale_m == round_to
