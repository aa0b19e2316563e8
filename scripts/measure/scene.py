"""The scene of the geometry measurements: districts of about 100 km and 2,000 vertices, 1,000 subjects each, eight zones a subject."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from corrections.domain.geodesy import Plane
from corrections.domain.model import Floats, Ints, Severity, ZoneKind, ZoneVersion
from corrections.domain.zones import Bindings, ZoneBook
from scripts.sample_district import Point, ragged_ring

OFFICE_SUBJECTS = 1000
DISTRICT_RADIUS_M = 50_000
SHARED_EXCLUSIONS = 5
NEAR_HOME = 0.7


@dataclass(slots=True)
class Scene:
    """``fences`` (WGS-84 lon, lat), whom each binds, reports as columns ordered by subject, and each subject's home (lat, lon)."""

    fences: NDArray[np.object_]
    bindings: dict[int, list[int]]
    subject: Ints
    lat: Floats
    lon: Floats
    home: Floats

    @property
    def checks(self) -> int:
        """How many pairs of report and zone there are."""
        counts = np.array([len(self.bindings[s]) for s in range(len(self.bindings))])
        return int(counts[self.subject].sum())

    def book(self) -> ZoneBook:
        """The fences compiled as the service does it. The first of each office is its district."""
        district = {min(zones) for zones in self.bindings.values()}
        kinds = [ZoneKind.INCLUSION if i in district else ZoneKind.EXCLUSION for i in range(len(self.fences))]
        wkb = shapely.to_wkb(self.fences)
        return ZoneBook([ZoneVersion(i, i, 1, str(i), kind, Severity.MEDIUM, wkb[i]) for i, kind in enumerate(kinds)])

    def compiled_bindings(self) -> Bindings:
        return Bindings(self.bindings)


def make_scene(subjects: int, reports: int, seed: int = 1) -> Scene:
    """1. For each office a district and five exclusions. 2. For each subject one to three fences of her own. 3. Reports: 70 % near
    home, 30 % over and beyond the district."""
    rng = np.random.default_rng(seed)
    fences: list[BaseGeometry] = []
    bindings: dict[int, list[int]] = {}
    planes: list[Plane] = []
    homes = np.zeros((subjects, 2))
    office_of = np.arange(subjects) // OFFICE_SUBJECTS
    for office in range(int(office_of[-1]) + 1):
        plane = Plane(38.0 + 1.2 * (office % 5), 112.0 + 1.6 * (office // 5))
        planes.append(plane)
        district = ragged_ring(rng, DISTRICT_RADIUS_M, 8)
        shapely.prepare(district)
        shared = [_add(fences, plane, district)]
        for _ in range(SHARED_EXCLUSIONS):
            shared.append(_add(fences, plane, _star(rng, _within(rng, district), rng.uniform(300, 3000), int(rng.integers(20, 200)))))
        for subject in np.flatnonzero(office_of == office).tolist():
            homes[subject] = _within(rng, district)
            own = [_add(fences, plane, shapely.Point(homes[subject]).buffer(rng.uniform(100, 600), quad_segs=16))]
            for _ in range(int(rng.integers(0, 3))):
                at = homes[subject] + rng.normal(0, 1500, 2)
                own.append(_add(fences, plane, _star(rng, at, rng.uniform(100, 800), int(rng.integers(8, 65)))))
            bindings[subject] = shared + own
    reporting = np.sort(rng.integers(0, subjects, reports))
    near = rng.random(reports) < NEAR_HOME
    xy = np.where(
        near[:, None], homes[reporting] + rng.normal(0, 400, (reports, 2)), rng.uniform(-1.2, 1.2, (reports, 2)) * DISTRICT_RADIUS_M
    )
    lat, lon, home = np.empty(reports), np.empty(reports), np.empty((subjects, 2))
    for office, plane in enumerate(planes):
        of = office_of == office
        home[of] = np.column_stack(plane.to_degrees(homes[of, 0], homes[of, 1]))
        rows = office_of[reporting] == office
        lat[rows], lon[rows] = plane.to_degrees(xy[rows, 0], xy[rows, 1])
    return Scene(np.array(fences, dtype=object), bindings, reporting.astype(np.int64), lat, lon, home)


def _add(fences: list[BaseGeometry], plane: Plane, area: BaseGeometry) -> int:
    def to_degrees(xy: Point) -> Point:
        lat, lon = plane.to_degrees(xy[:, 0], xy[:, 1])
        return np.column_stack([lon, lat])

    fences.append(shapely.transform(area, to_degrees))
    return len(fences) - 1


def _star(rng: np.random.Generator, at: Point, radius_m: float, vertices: int) -> BaseGeometry:
    angle = np.sort(rng.uniform(0, 2 * np.pi, vertices))
    ring = np.column_stack([np.cos(angle), np.sin(angle)]) * (radius_m * rng.uniform(0.6, 1.0, vertices))[:, None]
    return shapely.Polygon(ring + at)


def _within(rng: np.random.Generator, district: BaseGeometry) -> Point:
    while True:
        at = rng.uniform(-1, 1, 2) * DISTRICT_RADIUS_M
        if shapely.contains_xy(district, *at):
            return at
