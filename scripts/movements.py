"""Where the sample's people go in a day, and what their phones make of it: seeded, with the truth kept beside.

Movements are a list of way-points with times. A phone's error has three parts: one that stays while its owner stays (reflections,
a wrong Wi-Fi place), one that is new at each fix, and now and then a fix far away that claims to be good.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from scripts.sample_district import BUREAU, CURFEW_RADIUS_M, District, Part, Person, Point

LOCAL = ZoneInfo(BUREAU["timezone"])
HOUR = 3600.0
DAY = 24 * HOUR
WALK, RIDE, DRIVE = 1.3, 5.0, 10.0  # metres a second on foot, by bicycle, by bus or car
WILD = 0.0015  # share of fixes that are far off and do not know it
TRUTH_STEP_S = 15.0


@dataclass(frozen=True, slots=True)
class Fix:
    """One position as a phone measured it. Units are in the names; ``accuracy_m`` is the 68 % radius it claims."""

    at: datetime
    lat: float
    lon: float
    accuracy_m: float | None = None
    altitude_m: float | None = None
    speed_mps: float | None = None
    course_deg: float | None = None
    battery_pct: float | None = None
    charging: bool = False
    mock: bool = False


@dataclass(frozen=True, slots=True)
class Breach:
    """What a subject really did: on the wrong side of a zone, from when until when, how far at most."""

    subject: str
    zone: str
    start: datetime
    end: datetime
    depth_m: float


@dataclass(frozen=True, slots=True)
class Day:
    fixes: list[Fix]
    breaches: list[Breach]


class Way:
    """Way-points in time: seconds after local midnight, metres on the plane, and whether each leg is spent under a roof."""

    def __init__(self, start: Point) -> None:
        self.times: list[float] = [0.0]
        self.points: list[Point] = [start]
        self.indoor: list[bool] = [True]  # of the leg that ends at this way-point

    @property
    def now(self) -> float:
        return self.times[-1]

    @property
    def here(self) -> Point:
        return self.points[-1]

    def stay_until(self, at: float, *, indoor: bool = True) -> None:
        if at > self.now:
            self._add(at, self.here, indoor)

    def go(self, targets: list[Point], speed: float) -> None:
        for target in targets:
            self._add(self.now + max(1.0, float(np.hypot(*(target - self.here))) / speed), target, False)

    def at(self, seconds: NDArray[np.float64]) -> tuple[Point, NDArray[np.bool_], NDArray[np.float64]]:
        """Positions (n, 2), whether indoors, and velocities (n, 2) in metres a second at these seconds."""
        times, points = np.array(self.times), np.array(self.points)
        xy = np.column_stack([np.interp(seconds, times, points[:, 0]), np.interp(seconds, times, points[:, 1])])
        leg = np.minimum(np.searchsorted(times, seconds, side="left"), len(times) - 1)
        before = np.maximum(leg - 1, 0)
        span = np.maximum(times[leg] - times[before], 1e-9)
        return xy, np.array(self.indoor)[leg], (points[leg] - points[before]) / span[:, None]

    def _add(self, at: float, point: Point, indoor: bool) -> None:
        self.times.append(at)
        self.points.append(point)
        self.indoor.append(indoor)


# ---- the day


def day_of(district: District, person: Person, day: date, *, seed: int = 1, number: int = 0) -> Day:
    """One local day of a person. ``number`` counts days from the first, so the same number gives the same day at any date."""
    rng = np.random.default_rng([seed, person.index, number])
    way = _live(rng, district, person)
    midnight = datetime.combine(day, time(), LOCAL).astimezone(ZoneInfo("UTC"))
    seconds = _report_times(rng, person)
    return Day(_measure(rng, district, way, seconds, midnight), _truth(district, person, way, midnight))


def _live(rng: np.random.Generator, district: District, person: Person) -> Way:
    """1. Out in the morning, to work where there is work. 2. What the part asks for. 3. Errands. 4. Home for the night."""
    allowed = _allowed(district, person)
    way = Way(person.home)
    way.stay_until(rng.uniform(6.6, 8.6) * HOUR)
    if person.work is not None:
        _visit(rng, way, allowed, person.work, rng.uniform(3.0, 4.5) * HOUR)
    if person.part is Part.LEAVES:
        _leave(rng, way, district, allowed)
    if person.part is Part.ENTERS and person.school is not None:
        _enter(rng, way, allowed, np.array(district.schools[person.school].centroid.coords[0]))
    for haunt in rng.permutation(len(person.haunts))[: int(rng.integers(1, 4))]:
        if way.now < 18 * HOUR:
            _visit(rng, way, allowed, person.haunts[haunt], rng.uniform(0.3, 1.6) * HOUR)
    if rng.random() < 0.3 and way.now < 18.5 * HOUR:
        way.stay_until(18.5 * HOUR)
        _visit(rng, way, allowed, person.haunts[0], rng.uniform(0.4, 1.2) * HOUR)
    _walk(rng, way, allowed, person.home)
    if person.part is Part.BREAKS_CURFEW:
        _slip_out(rng, way, allowed, person)
    way.stay_until(DAY)
    return way


def _allowed(district: District, person: Person) -> BaseGeometry:
    """Where a law-abiding walk may lead: clear of the edges, so that chance makes no breach."""
    area: BaseGeometry = district.area.buffer(-150)
    if person.school is not None:
        area = area.difference(district.schools[person.school].buffer(200))
    shapely.prepare(area)
    return area


def route(rng: np.random.Generator, allowed: BaseGeometry, start: Point, end: Point) -> list[Point] | None:
    """Way-points from start to end that stay within ``allowed``, with a bend or two; None when none was found."""
    span = max(float(np.hypot(*(end - start))), 200.0)
    for attempt in range(200):
        bends = 1 if attempt < 40 else 2
        spread = span * (0.08 + attempt / 100)
        middle = [start + (end - start) * (i + 1) / (bends + 1) + rng.normal(0, spread, 2) for i in range(bends)]
        if allowed.contains(shapely.LineString([start, *middle, end])):
            return [*middle, end]
    return None


def _walk(rng: np.random.Generator, way: Way, allowed: BaseGeometry, target: Point) -> bool:
    points = route(rng, allowed, way.here, target)
    if points is None:
        return False
    length = float(np.hypot(*(target - way.here)))
    way.go(points, WALK if length < 900 else float(rng.choice([RIDE, DRIVE])))
    return True


def _visit(rng: np.random.Generator, way: Way, allowed: BaseGeometry, target: Point, length_s: float) -> None:
    if _walk(rng, way, allowed, target):
        way.stay_until(way.now + length_s, indoor=bool(rng.random() < 0.75))


def _leave(rng: np.random.Generator, way: Way, district: District, allowed: BaseGeometry) -> None:
    """Out of the permitted area by 0.8 to 4 km and back, 20 to 90 minutes on the wrong side."""
    way.stay_until(max(way.now, rng.uniform(10, 13.5) * HOUR))
    depth = rng.uniform(800, 4000)
    while True:
        outward = way.here / np.hypot(*way.here) + rng.normal(0, 0.35, 2)
        outward = outward / np.hypot(*outward)
        line = [way.here + outward * step for step in np.arange(0, 30_000, 50)]
        inside = shapely.contains_xy(allowed, np.array(line))
        last = int(np.flatnonzero(inside).max())
        target = next((p for p in line[last:] if district.area.distance(shapely.Point(p)) > depth), None)
        gate = route(rng, allowed, way.here, line[last])
        if target is not None and gate is not None:
            break
    away = rng.uniform(27, 80) * 60
    speed = float(rng.uniform(8, 13))
    way.go(gate, speed)
    way.go([target], speed)
    travel = float(np.hypot(*(target - line[last]))) / speed
    way.stay_until(way.now + max(300.0, away - 2 * travel), indoor=bool(rng.random() < 0.6))
    way.go([line[last]], speed)


def _enter(rng: np.random.Generator, way: Way, allowed: BaseGeometry, school: Point) -> None:
    way.stay_until(max(way.now, 14.0 * HOUR))
    while True:
        angle = rng.uniform(0, 2 * np.pi)
        gate = school + 450 * np.array([np.cos(angle), np.sin(angle)])
        points = route(rng, allowed, way.here, gate) if allowed.contains(shapely.Point(gate)) else None
        if points is not None:
            break
    way.go(points, RIDE)
    way.go([school], WALK)
    way.stay_until(way.now + 28 * 60, indoor=False)
    way.go([gate], WALK)


def _slip_out(rng: np.random.Generator, way: Way, allowed: BaseGeometry, person: Person) -> None:
    way.stay_until(22.45 * HOUR)
    far = max(person.haunts, key=lambda at: float(np.hypot(*(at - person.home))))
    points = route(rng, allowed, way.here, far) or [far]
    way.go(points, RIDE)
    way.stay_until(23.5 * HOUR, indoor=False)
    way.go([*reversed(points[:-1]), person.home], RIDE)


# ---- the phone


def _report_times(rng: np.random.Generator, person: Person) -> NDArray[np.float64]:
    """Seconds after midnight of the day's fixes: every interval, a little early or late."""
    count = int(DAY // person.interval_s)
    regular = (np.arange(count) + rng.uniform(0.1, 0.8)) * person.interval_s
    return np.clip(regular + rng.normal(0, 0.03 * person.interval_s, count), 0, DAY - 1).round(0)


def _measure(rng: np.random.Generator, district: District, way: Way, seconds: NDArray[np.float64], midnight: datetime) -> list[Fix]:
    xy, indoor, velocity = way.at(seconds)
    radius, error = _errors(rng, xy, indoor)
    claimed = np.maximum(3.0, radius * np.exp(rng.normal(0.25, 0.35, len(xy))))
    wild = np.flatnonzero(rng.random(len(xy)) < WILD)
    angle = rng.uniform(0, 2 * np.pi, len(wild))
    error[wild] = np.column_stack([np.cos(angle), np.sin(angle)]) * rng.uniform(1500, 8000, len(wild))[:, None]
    claimed[wild] = rng.uniform(15, 50, len(wild))
    lat, lon = district.degrees(xy + error)
    speed = np.maximum(0.0, np.hypot(*velocity.T) + rng.normal(0, 0.2, len(xy)) * (np.hypot(*velocity.T) > 0))
    course = np.degrees(np.arctan2(velocity[:, 0], velocity[:, 1])) % 360
    altitude = 60 + rng.normal(0, 4, len(xy))
    fixes = []
    for i, second in enumerate(seconds):
        hour = float(second) / HOUR
        charging = hour < 6.5 or hour > 22.5
        battery = 100.0 if charging and hour < 12 else max(18.0, 100 - 4.6 * (hour - 6.5)) + (12 * (hour - 22.5) if charging else 0)
        at = midnight + timedelta(seconds=float(second))
        fix = Fix(
            at=at,
            lat=round(float(lat[i]), 6),
            lon=round(float(lon[i]), 6),
            accuracy_m=round(float(claimed[i]), 1),
            altitude_m=round(float(altitude[i]), 1),
            speed_mps=round(float(speed[i]), 2),
            course_deg=round(float(course[i]), 1) if speed[i] > 0.5 else None,
            battery_pct=float(round(battery)),
            charging=charging,
        )
        fixes.append(fix)
    return fixes


def _errors(rng: np.random.Generator, xy: Point, indoor: NDArray[np.bool_]) -> tuple[NDArray[np.float64], Point]:
    """The 68 % radius that fits each fix, and its error (n, 2), in metres."""
    n = len(xy)
    kind = rng.random(n)  # under a roof mostly Wi-Fi and some masts, in the open mostly satellites
    radius = np.where(
        indoor,
        np.select([kind < 0.3, kind < 0.85], [rng.uniform(12, 30, n), rng.uniform(20, 50, n)], np.exp(rng.normal(6.2, 0.5, n))),
        np.select([kind < 0.88, kind < 0.96], [rng.uniform(4, 12, n), rng.uniform(20, 50, n)], np.exp(rng.normal(6.2, 0.5, n))),
    )
    moved = np.concatenate([[True], np.hypot(*np.diff(xy, axis=0).T) > 60])
    place = np.cumsum(moved) - 1
    lasting = rng.normal(0, 1, (int(place[-1]) + 1, 2))[place]
    fresh = rng.standard_t(4, (n, 2))
    return radius, (0.8 * lasting + 0.45 * fresh) * radius[:, None] / 1.51


# ---- the truth


def _truth(district: District, person: Person, way: Way, midnight: datetime) -> list[Breach]:
    seconds = np.arange(0, DAY, TRUTH_STEP_S)
    xy, _, _ = way.at(seconds)
    points = np.asarray(shapely.points(xy))
    found = _spells(person, "YX-URBAN", seconds, ~shapely.contains_xy(district.area, xy), district.area, points, midnight)
    if person.school is not None:
        school = district.schools[person.school]
        code = f"YX-SCHOOL{person.school + 1}-{person.number[-4:]}"
        found += _spells(person, code, seconds, shapely.contains_xy(school, xy), school, points, midnight)
    if person.strict:
        home = shapely.Point(person.home).buffer(CURFEW_RADIUS_M)
        night = (seconds >= 22 * HOUR) | (seconds < 6 * HOUR)
        code = f"YX-HOME-{person.number[-4:]}"
        found += _spells(person, code, seconds, night & ~shapely.contains_xy(home, xy), home, points, midnight)
    return found


def _spells(
    person: Person,
    code: str,
    seconds: NDArray[np.float64],
    wrong: NDArray[np.bool_],
    area: shapely.Polygon,
    points: NDArray[Any],
    midnight: datetime,
) -> list[Breach]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], wrong.astype(np.int8), [0]])))
    found = []
    for start, end in edges.reshape(-1, 2):
        depth = float(shapely.distance(shapely.boundary(area), points[start:end]).max())
        span = [midnight + timedelta(seconds=float(seconds[start])), midnight + timedelta(seconds=float(seconds[end - 1]) + TRUTH_STEP_S)]
        found.append(Breach(person.number, code, span[0], span[1], depth))
    return found


def as_sent(person: Person, fixes: list[Fix], day: date, *, seed: int = 1) -> list[Fix]:
    """The day's fixes in the order in which the phone sends them, with what its part does to them (not the datum, which is the
    wire's)."""
    rng = np.random.default_rng([seed, person.index, 99])
    midnight = datetime.combine(day, time(), LOCAL)
    match person.part:
        case Part.NEVER_REPORTS:
            return []
        case Part.FALLS_SILENT:
            return [fix for fix in fixes if fix.at < midnight + timedelta(hours=13, minutes=20)]
        case Part.UPLOADS_LATE:
            spell = [fix for fix in fixes if timedelta(hours=9) <= fix.at - midnight < timedelta(hours=12)]
            held = [spell[i] for i in rng.permutation(len(spell))]
            before = [fix for fix in fixes if fix.at - midnight < timedelta(hours=9)]
            after = [fix for fix in fixes if fix.at - midnight >= timedelta(hours=12)]
            return before + after[:2] + held + after[2:]
        case Part.REPEATS:
            return [again for fix in fixes for again in (fix, fix)]
        case Part.ABSURD:
            return [odd for i, fix in enumerate(fixes) for odd in (fix, *_absurd(fix, i))]
        case Part.MOCK:
            return [replace(fix, mock=timedelta(hours=10) <= fix.at - midnight < timedelta(hours=16)) for fix in fixes]
    return fixes


def _absurd(fix: Fix, index: int) -> list[Fix]:
    """Every twelfth fix is followed by nonsense: the null island, or coordinates that no globe has."""
    if index % 12:
        return []
    lat, lon = (0.0, 0.0) if index % 24 else (123.456, 987.654)
    return [replace(fix, at=fix.at + timedelta(seconds=20), lat=lat, lon=lon, accuracy_m=None)]
