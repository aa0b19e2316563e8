"""Zones compiled for many points at once: who is bound by which, in force when, and how far each fix is from the edge.

A zone's edge is a straight line in longitude and latitude between two vertices (RFC 7946). Distances are taken on an
azimuthal equidistant plane about the zone, its edges densified first so that they keep that course.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from numpy.typing import NDArray

from corrections.domain.geodesy import Plane, distances_m, plane_at
from corrections.domain.model import Bools, Floats, Ints, Severity, Window, ZoneKind, ZoneVersion, from_us, to_us

DENSIFY_DEG = 0.005  # about 500 m: the straight edge on the plane then strays less than 6 mm from the course in degrees
METRES_PER_DEGREE = 111_700.0  # more than any degree on the ellipsoid, so bounds taken with it never cut too deep
GRID_CELLS = 96
GRID_FROM_POINTS = 4_000
GRID_FROM_VERTICES = 64
DEPTH_FROM_POINTS = 8
DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class _Grid:
    """Signed distance (metres, negative inside) at the centres of a grid over a zone, and how far any point of a cell is
    from its centre at most. It answers for points that are surely far from the edge; the others are measured."""

    west: float
    south: float
    per_lon: float
    per_lat: float
    centre: Floats
    reach_m: float


class ZoneBook:
    """Many zone versions, compiled. Positions in ``versions`` are the zone index of every method."""

    def __init__(self, versions: Sequence[ZoneVersion]) -> None:
        self.versions = tuple(versions)
        self.outlines: NDArray[np.object_] = shapely.from_wkb(np.array([v.wkb for v in self.versions], dtype=object))
        shapely.prepare(self.outlines)
        self.bounds: Floats = shapely.bounds(self.outlines).reshape(-1, 4)
        self.inclusion: Bools = np.array([v.kind is ZoneKind.INCLUSION for v in self.versions], dtype=bool)
        self.valid_from: Ints = np.array([v.valid_from_us for v in self.versions], dtype=np.int64)
        self.valid_until: Ints = np.array([v.valid_until_us for v in self.versions], dtype=np.int64)
        self.zone_id: Ints = np.array([v.zone_id for v in self.versions], dtype=np.int64)
        self._windowed: Bools = np.array([bool(v.windows) for v in self.versions], dtype=bool)
        # Zones that a rule treats alike are of one sort: of each sort one zone, and the sort of every zone.
        alike: dict[tuple[ZoneKind, Severity, bool], int] = {}
        self.sort: Ints = np.array(
            [alike.setdefault((v.kind, v.severity, bool(v.windows)), len(alike)) for v in self.versions], dtype=np.int64
        )
        self.sorts = [self.versions[int(np.argmax(self.sort == i))] for i in range(len(alike))]
        self._edges: NDArray[np.object_] = np.full(len(self.versions), None, dtype=object)
        # Where each zone's plane is centred, and for each zone the first one that shares its plane.
        self._centres = [(round(float(s + n)) / 2, round(float(w + e)) / 2) for w, s, e, n in self.bounds]
        first: dict[tuple[float, float], int] = {}
        self._plane: Ints = np.array([first.setdefault(c, i) for i, c in enumerate(self._centres)], dtype=np.int64)
        self._grids: dict[int, _Grid] = {}
        self._depth_m: Floats = np.full(len(self.versions), np.nan)  # from the middle of a zone's bounds to its edge, once it pays

    def contains(self, zone: Ints, lat: Floats, lon: Floats) -> Bools:
        """Whether each position lies in its zone, the edge counting as inside.

        ``zone``, ``lat``, ``lon``: arrays of one length n; returns n booleans.
        """
        inside = np.zeros(len(zone), dtype=bool)
        west, south, east, north = self.bounds[zone].T
        near = np.flatnonzero((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))
        near = near[np.argsort(zone[near], kind="stable")]
        crowded = np.zeros(len(near), dtype=bool)
        for index, rows in self._crowds(zone, near):
            crowded[rows] = True
            inside[near[rows]] = self._contains_by_grid(index, lat[near[rows]], lon[near[rows]])
        alone = near[~crowded]
        inside[alone] = shapely.intersects_xy(self.outlines[zone[alone]], lon[alone], lat[alone])
        return inside

    def _crowds(self, zone: Ints, near: Ints) -> list[tuple[int, Ints]]:
        """(zone index, positions in ``near``) where a grid pays; ``near`` is sorted by zone."""
        indices, first, count = np.unique(zone[near], return_index=True, return_counts=True)
        large = [
            (index, np.arange(start, start + n, dtype=np.int64))
            for index, start, n in zip(indices.tolist(), first.tolist(), count.tolist(), strict=True)
            if index in self._grids or n >= GRID_FROM_POINTS
        ]
        return [(index, rows) for index, rows in large if self._grid(index, len(rows)) is not None]

    def _contains_by_grid(self, index: int, lat: Floats, lon: Floats) -> Bools:
        depth = _look_up(self._grids[index], lat, lon)
        inside: Bools = depth < 0
        close = np.flatnonzero(np.abs(depth) <= self._grids[index].reach_m)
        inside[close] = shapely.intersects_xy(self.outlines[index], lon[close], lat[close])
        return inside

    def signed_distance_m(self, zone: Ints, lat: Floats, lon: Floats, enough_m: Floats) -> Floats:
        """Metres from each position to its zone's edge, positive on the wrong side.

        Arrays of one length n. On the right side a distance beyond ``enough_m`` is given as ``-enough_m``: more says nothing
        and costs most. On the wrong side it is always measured.
        """
        inside = self.contains(zone, lat, lon)
        wrong = inside != self.inclusion[zone]
        distance = -enough_m.astype(np.float64)
        exact = wrong | ~self._surely_beyond(zone, lat, lon, enough_m)
        rows = np.flatnonzero(exact)
        measured = self._edge_distance_m(zone[rows], lat[rows], lon[rows])
        distance[rows] = np.where(wrong[rows], measured, -np.minimum(measured, enough_m[rows]))
        return distance

    def edge_distance_m(self, zone: Ints, lat: Floats, lon: Floats) -> Floats:
        """Unsigned metres from each position to its zone's edge (arrays of one length n)."""
        return self._edge_distance_m(np.asarray(zone, dtype=np.int64), np.asarray(lat), np.asarray(lon))

    def _surely_beyond(self, zone: Ints, lat: Floats, lon: Floats, enough_m: Floats) -> Bools:
        """True where a bound, without measuring, shows the edge to be further than ``enough_m``."""
        west, south, east, north = self.bounds[zone].T
        # Outside the bounding box, the gap to it is a lower bound. Longitude shrinks with latitude: take the box's worst.
        shrink = np.cos(np.radians(np.minimum(89.0, np.maximum(np.abs(lat), np.maximum(np.abs(south), np.abs(north))))))
        gap_lat = np.maximum(np.maximum(south - lat, lat - north), 0.0) * 110_500.0
        gap_lon = np.maximum(np.maximum(west - lon, lon - east), 0.0) * 111_300.0 * shrink * 0.99
        beyond: Bools = np.maximum(gap_lat, gap_lon) > enough_m
        gridded = np.zeros(len(self.versions), dtype=bool)
        gridded[list(self._grids)] = True
        for index, rows in _groups(zone, np.flatnonzero(~beyond & gridded[zone])):
            grid = self._grids[index]
            rows = rows[(lon[rows] >= west[rows]) & (lon[rows] <= east[rows]) & (lat[rows] >= south[rows]) & (lat[rows] <= north[rows])]
            beyond[rows] = np.abs(_look_up(grid, lat[rows], lon[rows])) - grid.reach_m > enough_m[rows]
        rows = np.flatnonzero(~beyond & ~gridded[zone])
        beyond[rows] = self._depth(zone[rows]) - self._from_middle_m(zone[rows], lat[rows], lon[rows]) > enough_m[rows]
        return beyond

    def _depth(self, zone: Ints) -> Floats:
        """Metres from the middle of each zone's bounds to its edge, less a centimetre; nan where too few ask to measure it."""
        asked = np.flatnonzero((np.bincount(zone, minlength=len(self.versions)) >= DEPTH_FROM_POINTS) & np.isnan(self._depth_m))
        if len(asked):
            west, south, east, north = self.bounds[asked].T
            self._depth_m[asked] = self._edge_distance_m(asked, (south + north) / 2, (west + east) / 2) - 0.01
        return self._depth_m[zone]

    def _from_middle_m(self, zone: Ints, lat: Floats, lon: Floats) -> Floats:
        """At least the metres from each position to the middle of its zone's bounds: along a course in degrees, all of it as long as
        its longest part."""
        west, south, east, north = self.bounds[zone].T
        middle_lat, middle_lon = (south + north) / 2, (west + east) / 2
        nearest_equator = np.where(lat * middle_lat > 0, np.minimum(np.abs(lat), np.abs(middle_lat)), 0.0)
        east_m: Floats = (lon - middle_lon) * np.cos(np.radians(nearest_equator))
        metres: Floats = np.hypot(lat - middle_lat, east_m) * METRES_PER_DEGREE
        return metres

    def _edge_distance_m(self, zone: Ints, lat: Floats, lon: Floats) -> Floats:
        for index in np.unique(zone).tolist():
            if self._edges[index] is None:
                self._edges[index] = _edge_on_plane(self.outlines[index], plane_at(*self._centres[index]))
        metres = np.empty(len(zone), dtype=np.float64)
        for index, rows in _groups(self._plane[zone], np.arange(len(zone))):
            plane = plane_at(*self._centres[index])
            x, y = plane.to_metres(lat[rows], lon[rows])
            # The shortest line to a prepared edge is nine times faster than shapely.distance. Its end on the edge is right to
            # millimetres; the plane's length of it is not, so it is measured on the ellipsoid.
            nearest = shapely.get_coordinates(shapely.shortest_line(self._edges[zone[rows]], shapely.points(x, y)))[::2]
            edge_lat, edge_lon = plane.to_degrees(nearest[:, 0], nearest[:, 1])
            metres[rows] = distances_m(edge_lat, edge_lon, lat[rows], lon[rows])
        return metres

    def _grid(self, index: int, points: int) -> _Grid | None:
        """The zone's grid, made when enough points ask; a small zone or a small question is quicker without."""
        if index not in self._grids:
            if points < GRID_FROM_POINTS or shapely.get_num_coordinates(self.outlines[index]) < GRID_FROM_VERTICES:
                return None
            self._grids[index] = self._make_grid(index)
        return self._grids[index]

    def _make_grid(self, index: int) -> _Grid:
        west, south, east, north = self.bounds[index]
        step_lon, step_lat = (east - west) / GRID_CELLS, (north - south) / GRID_CELLS
        lat, lon = np.meshgrid(
            south + (np.arange(GRID_CELLS) + 0.5) * step_lat, west + (np.arange(GRID_CELLS) + 0.5) * step_lon, indexing="ij"
        )
        flat_lat, flat_lon = lat.ravel(), lon.ravel()
        inside = shapely.intersects_xy(self.outlines[index], flat_lon, flat_lat)
        metres = self._edge_distance_m(np.full(flat_lat.size, index), flat_lat, flat_lon)
        widest = np.cos(np.radians(0.0 if south < 0 < north else min(abs(south), abs(north))))
        reach = 0.51 * METRES_PER_DEGREE * float(np.hypot(step_lat, step_lon * widest))
        centre = np.where(inside, -metres, metres).reshape(GRID_CELLS, GRID_CELLS)
        return _Grid(west, south, 1.0 / step_lon, 1.0 / step_lat, centre, reach)

    def in_force(self, zone: Ints, fix_us: Ints) -> Bools:
        """Whether each zone version was the one in force at its fix time (arrays of one length)."""
        return (fix_us >= self.valid_from[zone]) & (fix_us < self.valid_until[zone])

    def windows(self, zone: Ints, fix_us: Ints, timezone: ZoneInfo) -> tuple[Bools, Ints, Ints]:
        """Whether each zone binds at its fix time, and the start and end (µs) of the window that the fix falls in.

        A zone without windows binds always, in one window that starts at 0 and ends at 2**62. Outside every window start and
        end are those of no window: 0 and 0.
        """
        active = np.ones(len(zone), dtype=bool)
        starts = np.zeros(len(zone), dtype=np.int64)
        ends = np.full(len(zone), 2**62, dtype=np.int64)
        timed: dict[tuple[Window, ...], list[int]] = {}
        for index in np.flatnonzero(np.bincount(zone, minlength=len(self.versions)) * self._windowed).tolist():
            timed.setdefault(self.versions[index].windows, []).append(index)
        for windows, indices in timed.items():
            rows = np.flatnonzero(np.isin(zone, indices))
            open_us, shut_us = window_spans(windows, timezone, int(fix_us[rows].min()), int(fix_us[rows].max()))
            at = np.searchsorted(open_us, fix_us[rows], side="right") - 1
            within = (at >= 0) & (fix_us[rows] < shut_us[np.maximum(at, 0)])
            active[rows] = within
            starts[rows] = np.where(within, open_us[np.maximum(at, 0)], 0)
            ends[rows] = np.where(within, shut_us[np.maximum(at, 0)], 0)
        return active, starts, ends


class Bindings:
    """Which zones bind which subject, as columns: ``pairs`` turns n reports into one row for each report and zone."""

    def __init__(self, zones_of: Mapping[int, Iterable[int]]) -> None:
        subjects = sorted(zones_of)
        lists = [sorted(zones_of[s]) for s in subjects]
        self._subjects: Ints = np.array(subjects, dtype=np.int64)
        self._counts: Ints = np.array([len(z) for z in lists], dtype=np.int64)
        self._offsets: Ints = np.concatenate([[0], np.cumsum(self._counts)]).astype(np.int64)
        self._zones: Ints = np.array([z for zs in lists for z in zs], dtype=np.int64)

    def versions_of(self, subject: int, zones: ZoneBook) -> frozenset[int]:
        """The ids of the zone versions that bind one subject, whenever in force."""
        at = int(np.searchsorted(self._subjects, subject))
        if at >= len(self._subjects) or self._subjects[at] != subject:
            return frozenset()
        own = self._zones[self._offsets[at] : self._offsets[at + 1]]
        return frozenset(zones.versions[zone].id for zone in own.tolist())

    def pairs(self, subject: Ints) -> tuple[Ints, Ints]:
        """Row numbers into ``subject`` and zone indices, one entry for each report and zone that binds its subject."""
        if not len(self._subjects):
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        at = np.minimum(np.searchsorted(self._subjects, subject), len(self._subjects) - 1)
        counts = np.where(self._subjects[at] == subject, self._counts[at], 0)
        row = np.repeat(np.arange(len(subject), dtype=np.int64), counts)
        within = np.arange(len(row), dtype=np.int64) - np.repeat(np.cumsum(counts) - counts, counts)
        return row, self._zones[self._offsets[at][row] + within]


def window_spans(windows: tuple[Window, ...], timezone: ZoneInfo, from_us: int, until_us: int) -> tuple[Ints, Ints]:
    """Starts and ends (µs, sorted, overlaps merged) of all window spans that touch ``[from_us, until_us]``."""
    first = from_us_local_date(from_us, timezone) - timedelta(days=1)
    last = from_us_local_date(until_us, timezone) + timedelta(days=1)
    spans = sorted(span for day in range((last - first).days + 1) for span in _spans_of_day(windows, timezone, first + timedelta(days=day)))
    merged: list[list[int]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    table = np.array(merged, dtype=np.int64).reshape(-1, 2)
    return np.ascontiguousarray(table[:, 0]), np.ascontiguousarray(table[:, 1])


def day_starts(fix_us: Ints, timezone: ZoneInfo) -> Ints:
    """The start (µs) of the local day that each moment falls in; same shape as ``fix_us``."""
    first = from_us_local_date(int(fix_us.min()), timezone)
    days = (from_us_local_date(int(fix_us.max()), timezone) - first).days + 1
    starts = np.array([local_midnight_us(first + timedelta(days=i), timezone) for i in range(days)], dtype=np.int64)
    return starts[np.searchsorted(starts, fix_us, side="right") - 1]


def local_midnight_us(day: date, timezone: ZoneInfo) -> int:
    """The moment (µs) at which a local day begins."""
    return to_us(datetime.combine(day, time(), timezone))


def from_us_local_date(us: int, timezone: ZoneInfo) -> date:
    return from_us(us).astimezone(timezone).date()


@lru_cache(maxsize=4096)
def _spans_of_day(windows: tuple[Window, ...], timezone: ZoneInfo, day: date) -> tuple[tuple[int, int], ...]:
    """The spans that begin on a local day. Wall-clock times are what an order says, so they follow the zone's clock changes."""
    spans = []
    for window in windows:
        if day.weekday() in window.weekdays:
            last_day = day + timedelta(days=1) if window.until <= window.start else day
            start = datetime.combine(day, window.start, timezone)
            spans.append((to_us(start), to_us(datetime.combine(last_day, window.until, timezone))))
    return tuple(spans)


def _groups(key: Ints, rows: Ints) -> list[tuple[int, Ints]]:
    """``rows`` grouped by their key: (key, rows) pairs."""
    order = rows[np.argsort(key[rows], kind="stable")]
    if not len(order):
        return []
    sorted_key = key[order]
    cuts = np.flatnonzero(np.diff(sorted_key)) + 1
    starts = np.concatenate([[0], cuts])
    return [(int(sorted_key[s]), part) for s, part in zip(starts, np.split(order, cuts), strict=True)]


def _look_up(grid: _Grid, lat: Floats, lon: Floats) -> Floats:
    row = np.minimum(((lat - grid.south) * grid.per_lat).astype(np.int64), GRID_CELLS - 1)
    column = np.minimum(((lon - grid.west) * grid.per_lon).astype(np.int64), GRID_CELLS - 1)
    return grid.centre[row, column]


def _edge_on_plane(outline: shapely.Geometry, plane: Plane) -> shapely.Geometry:
    edge = shapely.boundary(shapely.segmentize(outline, DENSIFY_DEG))

    def project(lonlat: Floats) -> Floats:
        return np.column_stack(plane.to_metres(lonlat[:, 1], lonlat[:, 0]))

    edge = shapely.transform(edge, project)
    shapely.prepare(edge)
    return edge
