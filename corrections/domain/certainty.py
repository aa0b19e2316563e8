"""The belief about where subjects are, held against zones: how sure we are, for each report and zone, of the wrong side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from corrections.domain.belief import (
    ENOUGH_RADII,
    PLACES,
    Belief,
    BeliefRule,
    Fixes,
    Followed,
    follow,
    likely_source,
    radius_m,
    wrong_side_probability,
)
from corrections.domain.model import Bools, Floats, Ints, Reports
from corrections.domain.zones import Bindings, ZoneBook

LEAST_M_PER_DEGREE = 110_000.0  # less than any degree of latitude, or of longitude at the equator

Remembered = tuple[float, float, float, float, float, float]
"""A place: latitude, longitude (degrees), radius (m), and what ``Belief`` calls sound, wrong and arrived."""


@dataclass(slots=True)
class Where:
    """Where one subject is believed to be: the columns of ``Belief`` for her, and ``(lat, lon, fix_us, source)`` of her last fix (None
    before the first)."""

    places: list[Remembered] = field(default_factory=list)
    last: tuple[float, float, int, int] | None = None


@dataclass(slots=True)
class Seen:
    """One entry for each report and zone in force at its fix time, sorted by (subject, zone, report): position in the reports, zone
    index, signed metres to the edge (positive on the wrong side), the certainty after the fix that the subject is on the wrong side,
    and that she is on it or within ``near_m`` of it (0 for zones without). Pairs of subject and zone are left out where every place
    of hers is surely on the right side, far from the edge. ``doubt``: for each report, how probably it is wrong."""

    row: Ints
    zone: Ints
    distance_m: Floats
    certainty: Floats
    nearness: Floats
    doubt: Floats


def see(
    zones: ZoneBook, bindings: Bindings, reports: Reports, counted: Ints, where: Mapping[int, Where], rule: BeliefRule, near_m: Floats
) -> Seen:
    """Bring each subject's ``where`` forward in place through her counted reports, and measure her places against her zones.

    ``reports`` are ordered by (subject, fix_us, digest); ``counted`` are the positions of those that tell where she is; ``near_m`` has
    one entry a zone.
    """
    subjects, first, count = np.unique(reports.subject[counted], return_index=True, return_counts=True)
    doubt = np.zeros(len(reports))
    if not len(subjects):
        nothing, no_metres = np.zeros(0, dtype=np.int64), np.zeros(0)
        return Seen(nothing, nothing, no_metres, no_metres, no_metres, doubt)
    fixes = _fixes(reports, counted, first.astype(np.int64), count.astype(np.int64), rule)
    belief = _recalled([where[subject] for subject in subjects.tolist()])
    tables = _Tables.make(belief, fixes)
    followed = follow(belief, fixes)
    for subject, kept in zip(subjects.tolist(), _kept(belief), strict=True):
        where[subject].places, where[subject].last = kept.places, kept.last
    doubt[counted] = followed.doubt
    return _measured(zones, bindings, subjects, fixes, tables, followed, counted, doubt, near_m)


def _fixes(reports: Reports, counted: Ints, first: Ints, count: Ints, rule: BeliefRule) -> Fixes:
    accuracy, source = reports.accuracy_m[counted], reports.source[counted]
    radius, likely = radius_m(accuracy, source, rule), likely_source(accuracy, source)
    return Fixes(first, count, reports.lat[counted], reports.lon[counted], radius, accuracy, reports.fix_us[counted], likely)


@dataclass(slots=True)
class _Tables:
    """Each subject's places, remembered ones first and then a place for each of her fixes, one subject after the other; those of
    subject ``i`` begin at ``base[i]``."""

    base: Ints
    lat: Floats
    lon: Floats
    radius_m: Floats

    @staticmethod
    def make(belief: Belief, fixes: Fixes) -> _Tables:
        n = len(fixes.count)
        base = fixes.first + PLACES * np.arange(n, dtype=np.int64)
        old = (base + np.arange(PLACES, dtype=np.int64)[:, None]).ravel()
        new = np.arange(len(fixes.lat), dtype=np.int64) + np.repeat(PLACES * np.arange(1, n + 1, dtype=np.int64), fixes.count)
        used = (belief.sound + belief.wrong).ravel() > 0
        made = _Tables(base, *(np.empty(len(old) + len(new)) for _ in range(3)))
        for column, remembered, measured in (
            (made.lat, belief.lat, fixes.lat),
            (made.lon, belief.lon, fixes.lon),
            (made.radius_m, belief.radius_m, fixes.radius_m),
        ):
            column[new] = measured
            # An empty place counts for nothing; it stands where the first fix is, which costs least to measure.
            column[old] = np.where(used, remembered.ravel(), np.tile(measured[fixes.first], PLACES))
        return made


def _measured(
    zones: ZoneBook,
    bindings: Bindings,
    subjects: Ints,
    fixes: Fixes,
    tables: _Tables,
    followed: Followed,
    counted: Ints,
    doubt: Floats,
    near_m: Floats,
) -> Seen:
    """1. Pair subjects with the zones that were in force at any of their fixes, prohibited areas only where she came near. 2. Measure
    every place of each pair. 3. Drop the pairs that are nowhere near the edge. 4. Weigh the places by their probability after each
    fix. 5. Keep the fixes at which the zone was in force."""
    who, zone = bindings.pairs(subjects)
    earliest, latest = fixes.fix_us[fixes.first], fixes.fix_us[fixes.first + fixes.count - 1]
    concerned = (zones.valid_from[zone] <= latest[who]) & (zones.valid_until[zone] > earliest[who])
    concerned &= zones.inclusion[zone] | _within_reach(zones, tables, who, zone, near_m)
    rows = _Rows.of(who[concerned], zone[concerned], fixes.count)
    at = rows.place(tables.base)
    enough = ENOUGH_RADII * tables.radius_m[at] + near_m[rows.zone]
    distance = zones.signed_distance_m(rows.zone, tables.lat[at], tables.lon[at], enough)
    rows, kept = rows.only(np.logical_or.reduceat(distance > -enough, rows.start) if len(distance) else np.zeros(0, dtype=bool))
    at, distance = at[kept], distance[kept]
    told = np.flatnonzero(rows.within >= PLACES)
    fix = rows.fix(fixes.first)[told]
    in_force = zones.in_force(rows.zone[told], fixes.fix_us[fix])
    told, fix = told[in_force], fix[in_force]
    begins = np.repeat(rows.start, rows.length)[told]
    certainty = _weighed(wrong_side_probability(distance, tables.radius_m[at]), begins, fix, followed)
    nearness = np.zeros(len(told))
    near = np.flatnonzero(near_m[rows.zone[told]] > 0)
    if len(near):
        closer = wrong_side_probability(distance + near_m[rows.zone], tables.radius_m[at])
        nearness[near] = _weighed(closer, begins[near], fix[near], followed)
    return Seen(counted[fix], rows.zone[told], distance[told], certainty, nearness, doubt)


@dataclass(slots=True)
class _Rows:
    """A row for each place of each pair of subject and zone, pair after pair: ``who`` and ``length`` of each pair and where it
    ``start``s; of each row its zone and its number ``within`` the subject's places."""

    who: Ints
    length: Ints
    start: Ints
    zone: Ints
    within: Ints

    @staticmethod
    def of(who: Ints, zone: Ints, count: Ints) -> _Rows:
        length = PLACES + count[who]
        start = np.cumsum(length) - length
        within = np.arange(int(length.sum()), dtype=np.int64) - np.repeat(start, length)
        return _Rows(who, length, start, np.repeat(zone, length), within)

    def only(self, pairs: Bools) -> tuple[_Rows, Bools]:
        """The rows of some pairs, and which rows these are."""
        rows = np.repeat(pairs, self.length)
        length = self.length[pairs]
        return _Rows(self.who[pairs], length, np.cumsum(length) - length, self.zone[rows], self.within[rows]), rows

    def place(self, base: Ints) -> Ints:
        return np.repeat(base[self.who], self.length) + self.within

    def fix(self, first: Ints) -> Ints:
        """The fix of each row; without meaning for remembered places."""
        return np.repeat(first[self.who], self.length) + self.within - PLACES


def _within_reach(zones: ZoneBook, tables: _Tables, who: Ints, zone: Ints, near_m: Floats) -> Bools:
    """Whether a subject's places, with all that their radii allow, come anywhere near a zone; by bounding boxes, never falsely no."""
    if not len(who):
        return np.zeros(0, dtype=bool)
    reach_m = ENOUGH_RADII * np.maximum.reduceat(tables.radius_m, tables.base)[who] + near_m[zone]
    west, south, east, north = zones.bounds[zone].T
    low_lat, high_lat = np.minimum.reduceat(tables.lat, tables.base)[who], np.maximum.reduceat(tables.lat, tables.base)[who]
    low_lon, high_lon = np.minimum.reduceat(tables.lon, tables.base)[who], np.maximum.reduceat(tables.lon, tables.base)[who]
    gap_lat = np.maximum(south - high_lat, low_lat - north)
    gap_lon = np.maximum(west - high_lon, low_lon - east)
    furthest = np.minimum(np.maximum(np.maximum(np.abs(low_lat), np.abs(high_lat)), np.maximum(np.abs(south), np.abs(north))), 89.0)
    far_lat = gap_lat * LEAST_M_PER_DEGREE > reach_m
    far_lon = gap_lon * LEAST_M_PER_DEGREE * np.cos(np.radians(furthest)) > reach_m
    near: Bools = ~(far_lat | far_lon)
    return near


def _weighed(probability: Floats, begins: Ints, fix: Ints, followed: Followed) -> Floats:
    """For each entry the sum over the places, always in the same order, of how probable the place is times ``probability`` there."""
    total = np.zeros(len(fix))
    for place, share in zip(followed.place, followed.probability, strict=True):
        total += share[fix] * probability[begins + place[fix]]
    return total


def _recalled(where: list[Where]) -> Belief:
    belief = Belief.none(len(where))
    empty: Remembered = (0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
    table = np.array([[*w.places, *[empty] * (PLACES - len(w.places))] for w in where], dtype=np.float64)
    for i, column in enumerate((belief.lat, belief.lon, belief.radius_m, belief.sound, belief.wrong, belief.arrived)):
        column[:] = table[:, :, i].T
    for i, w in enumerate(where):
        if w.last is not None:
            belief.last_lat[i], belief.last_lon[i], belief.last_us[i], belief.last_source[i] = w.last
    return belief


def _kept(belief: Belief) -> list[Where]:
    table = np.stack([belief.lat, belief.lon, belief.radius_m, belief.sound, belief.wrong, belief.arrived], axis=2)
    places = table.transpose(1, 0, 2).tolist()
    last = zip(
        belief.last_lat.tolist(),
        belief.last_lon.tolist(),
        belief.last_us.tolist(),
        belief.last_source.tolist(),
        strict=True,
    )
    return [Where([tuple(place) for place in mine], fix) for mine, fix in zip(places, last, strict=True)]
