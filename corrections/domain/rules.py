"""The rules: what bound a subject when, and what her reports say about it.

``judge`` takes many subjects' reports as columns and the memory of each subject after the fixes before; it returns the certainty for
each report and zone, the episodes, and the memories to go on with. It is pure: the live service, ``backtest`` and the tests run the same
code. The rules about contact, which follow the received times, are in ``contact``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import shapely

from corrections.domain.belief import BLOCK_US, ENOUGH_RADII, Belief, BeliefRule, follow, radius_m, wrong_side_probability
from corrections.domain.episodes import Watch, Watched, end_by_time, watch, watch_mock
from corrections.domain.geodesy import Plane
from corrections.domain.model import Bools, Episode, Fix, Floats, Ints, Reports, Side
from corrections.domain.zones import Bindings, ZoneBook, day_starts


@dataclass(frozen=True, slots=True)
class BoundaryRule:
    """A violation opens when the certainty is at least ``open_at`` and ends when it is at most ``close_at``."""

    open_at: float = 0.9
    close_at: float = 0.2
    belief: BeliefRule = field(default_factory=BeliefRule)


@dataclass(frozen=True, slots=True)
class Leave:
    """An approved leave, in ``[from_us, until_us)``; ``wkb`` is where to (WGS-84), None for anywhere."""

    from_us: int
    until_us: int
    wkb: bytes | None = None


Spans = tuple[tuple[int, int], ...]
"""Half-open spans of time (µs), sorted, apart from each other."""


def merged(spans: Iterable[tuple[int, int]]) -> Spans:
    """The same time as sorted spans that lie apart: those that touch or overlap are one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)


@dataclass(frozen=True, slots=True)
class Rulebook:
    """What bound whom in one bureau: zone versions and whom they bind, when each subject may be located, approved leave."""

    timezone: ZoneInfo
    zones: ZoneBook
    bindings: Bindings
    lawful: Mapping[int, Spans]
    leaves: Mapping[int, Sequence[Leave]] = field(default_factory=dict)


@dataclass(slots=True)
class PairMemory:
    """What is remembered of one subject and zone version: the columns of ``Belief``, and the watch."""

    odds: float
    block_us: int = 0
    block_sum: float = 0.0
    block_n: int = 0
    last_us: int = 0
    watch: Watch = field(default_factory=Watch)


@dataclass(slots=True)
class Memory:
    """What is remembered of one subject after a fix; ``pairs`` by zone version."""

    pairs: dict[int, PairMemory] = field(default_factory=dict)
    mock: Episode | None = None

    @staticmethod
    def decode(stored: bytes) -> Memory:
        return _decoder.decode(stored) if stored else Memory()

    def encode(self) -> bytes:
        return _encoder.encode(self)


_decoder = msgspec.msgpack.Decoder(Memory)
_encoder = msgspec.msgpack.Encoder()


@dataclass(slots=True)
class Judgement:
    """``row``, ``zone``, ``distance_m``, ``certainty`` and ``binds`` have one entry for each report and zone that concerns it:
    position in the reports, zone index, signed metres, certainty after the fix, whether the zone bound then. ``episodes`` are
    those in progress at any of the reports, by subject. ``counts`` has one entry a report: whether it says where she was."""

    row: Ints
    zone: Ints
    distance_m: Floats
    certainty: Floats
    binds: Bools
    episodes: dict[int, list[Episode]]
    counts: Bools


def judge(book: Rulebook, reports: Reports, memories: dict[int, Memory], rule: BoundaryRule) -> Judgement:
    """Judge reports with positions, ordered by (subject, fix_us, digest), each later than its subject's memory, which is brought
    forward in place.

    1. Leave out what no authority covers. 2. Join reports with the zones in force for their subjects. 3. Measure. 4. Follow the
    belief of each pair. 5. Watch for episodes where there is anything to see. Mocked fixes are evidence of mocking only.
    """
    for subject in np.unique(reports.subject).tolist():
        memories.setdefault(subject, Memory())
    lawful, lawful_from, lawful_until = _lawful(book, reports)
    counts = lawful & ~reports.mock
    pairs = _Pairs.join(book, reports, counts)
    radius = radius_m(reports.accuracy_m[pairs.row], reports.source[pairs.row], rule.belief)
    lat, lon = reports.lat[pairs.row], reports.lon[pairs.row]
    distance = book.zones.signed_distance_m(pairs.zone, lat, lon, ENOUGH_RADII * radius)
    binds, window_us, window_ends = _binding(book, reports, pairs, lawful_from, lawful_until)
    certainty = _follow(book, reports, pairs, wrong_side_probability(distance, radius), memories, rule)
    episodes = _watch_pairs(book, reports, pairs, distance, certainty, binds, window_us, window_ends, memories, rule)
    _watch_mock(reports, lawful, lawful_until, memories, episodes)
    _settle(book, reports, memories, episodes)
    return Judgement(pairs.row, pairs.zone, distance, certainty, binds, episodes, counts)


@dataclass(slots=True)
class Advance:
    """What a stretch of reports led to: the episodes in progress at any of them, and for each subject the memories just before the
    first fix of each local day that began in it, as ``(start of the day in µs, memory)``: where late evidence starts over. ``side`` is
    where each subject is after her last report."""

    episodes: dict[int, list[Episode]]
    checkpoints: dict[int, list[tuple[int, bytes]]]
    side: dict[int, Side]


def advance(book: Rulebook, reports: Reports, memories: dict[int, Memory], last_us: Mapping[int, int], rule: BoundaryRule) -> Advance:
    """``judge``, a local day at a time, so that a checkpoint is left at the start of each. ``last_us`` is each subject's last fix
    before these."""
    done = Advance({}, {}, {})
    if not len(reports):
        return done
    day = day_starts(reports.fix_us, book.timezone)
    for start in np.unique(day).tolist():
        today = reports.take(np.flatnonzero(day == start))
        for subject in np.unique(today.subject).tolist():
            begun = done.checkpoints.setdefault(subject, [])
            if begun or last_us.get(subject, start - 1) < start:
                begun.append((start, memories.get(subject, Memory()).encode()))
        judgement = judge(book, today, memories, rule)
        for subject, seen in judgement.episodes.items():
            known = done.episodes.setdefault(subject, [])
            known.extend(e for e in seen if not any(e is k for k in known))
        answers = sides(judgement, len(today), rule)
        done.side.update(zip(today.subject.tolist(), answers, strict=True))
    return done


def sides(judgement: Judgement, n: int, rule: BoundaryRule) -> list[Side]:
    """Three answers for each of ``n`` reports over all zones that bound then: wrong when one is certain, unknown when one cannot
    tell, or when the report counts for nothing (mocked, or without authority), else right."""
    worst = np.zeros(n, dtype=np.float64)
    np.maximum.at(worst, judgement.row[judgement.binds], judgement.certainty[judgement.binds])
    unknown = (worst > rule.close_at) | ~judgement.counts
    wrong = worst >= rule.open_at
    return [Side.WRONG if w else Side.UNKNOWN if u else Side.RIGHT for w, u in zip(wrong.tolist(), unknown.tolist(), strict=True)]


# ---- joining reports with zones


@dataclass(slots=True)
class _Pairs:
    """One row for each report and zone, sorted by (subject, zone, report); ``first`` and ``count`` delimit the pairs."""

    row: Ints
    zone: Ints
    first: Ints
    count: Ints

    @staticmethod
    def join(book: Rulebook, reports: Reports, wanted: Bools) -> _Pairs:
        row, zone = book.bindings.pairs(reports.subject)
        keep = wanted[row] & book.zones.in_force(zone, reports.fix_us[row]) if len(row) else np.zeros(0, dtype=bool)
        row, zone = row[keep], zone[keep]
        order = np.lexsort((row, zone, reports.subject[row]))
        row, zone = row[order], zone[order]
        if not len(row):
            return _Pairs(row, zone, row, row)
        cut = np.flatnonzero((np.diff(zone) != 0) | (np.diff(reports.subject[row]) != 0)) + 1
        first = np.concatenate([[0], cut]).astype(np.int64)
        return _Pairs(row, zone, first, np.diff(np.concatenate([first, [len(row)]])))


def _lawful(book: Rulebook, reports: Reports) -> tuple[Bools, Ints, Ints]:
    """Whether each report's subject might be located at its fix time, and the span (µs) in which she might."""
    allowed = np.zeros(len(reports), dtype=bool)
    starts, ends = np.zeros(len(reports), dtype=np.int64), np.zeros(len(reports), dtype=np.int64)
    for subject, rows in _by_subject(reports):
        spans = np.array(book.lawful.get(subject, ()), dtype=np.int64).reshape(-1, 2)
        if not len(spans):
            continue
        at = np.searchsorted(spans[:, 0], reports.fix_us[rows], side="right") - 1
        allowed[rows] = (at >= 0) & (reports.fix_us[rows] < spans[np.maximum(at, 0), 1])
        starts[rows], ends[rows] = spans[np.maximum(at, 0), 0], spans[np.maximum(at, 0), 1]
    return allowed, starts, ends


def _binding(book: Rulebook, reports: Reports, pairs: _Pairs, lawful_from: Ints, lawful_until: Ints) -> tuple[Bools, Ints, Ints]:
    """Whether each pair's zone bound at its fix, and the start and end of the spell in which it did: its window, cut by those of
    the authority and by the end of the zone version. An approved leave frees from inclusion zones, never from exclusion zones."""
    fix_us = reports.fix_us[pairs.row]
    binds, window_us, window_ends = book.zones.windows(pairs.zone, fix_us, book.timezone)
    window_us = np.where(binds, np.maximum(window_us, lawful_from[pairs.row]), window_us)
    ends = np.minimum(np.minimum(window_ends, book.zones.valid_until[pairs.zone]), lawful_until[pairs.row])
    for subject, rows in _by_subject(reports):
        if leaves := book.leaves.get(subject):
            free = _on_leave(leaves, reports, rows)
            concerned = (pairs.row >= rows[0]) & (pairs.row <= rows[-1]) & book.zones.inclusion[pairs.zone]
            binds[concerned] &= ~free[pairs.row[concerned] - rows[0]]
    return binds, window_us, ends


def _on_leave(leaves: Sequence[Leave], reports: Reports, rows: Ints) -> Bools:
    """Whether each fix is covered by a leave: in its time, and within its claimed radius of the place, where the leave names one."""
    free = np.zeros(len(rows), dtype=bool)
    for leave in leaves:
        within = (reports.fix_us[rows] >= leave.from_us) & (reports.fix_us[rows] < leave.until_us)
        if leave.wkb is not None and within.any():
            place = shapely.from_wkb(leave.wkb)
            west, south, east, north = place.bounds
            plane = Plane((south + north) / 2, (west + east) / 2)
            x, y = plane.to_metres(reports.lat[rows], reports.lon[rows])
            away = shapely.distance(_on_plane(place, plane), shapely.points(x, y))
            within &= away <= np.nan_to_num(reports.accuracy_m[rows], nan=0.0)
        free |= within
    return free


def _on_plane(place: shapely.Geometry, plane: Plane) -> shapely.Geometry:
    def project(lonlat: Floats) -> Floats:
        return np.column_stack(plane.to_metres(lonlat[:, 1], lonlat[:, 0]))

    return shapely.transform(place, project)


def _by_subject(reports: Reports) -> list[tuple[int, Ints]]:
    """(subject, its rows) for reports ordered by subject."""
    if not len(reports):
        return []
    cut = np.flatnonzero(np.diff(reports.subject)) + 1
    return [(int(reports.subject[rows[0]]), rows) for rows in np.split(np.arange(len(reports), dtype=np.int64), cut)]


# ---- following pairs


def _follow(
    book: Rulebook, reports: Reports, pairs: _Pairs, probability: Floats, memories: dict[int, Memory], rule: BoundaryRule
) -> Floats:
    prior_odds = rule.belief.prior / (1.0 - rule.belief.prior)
    remembered = []
    for row, zone in zip(reports.subject[pairs.row[pairs.first]].tolist(), pairs.zone[pairs.first].tolist(), strict=True):
        remembered.append(memories[row].pairs.setdefault(book.zones.versions[zone].id, PairMemory(prior_odds)))
    belief = Belief(
        odds=np.array([m.odds for m in remembered], dtype=np.float64),
        block_us=np.array([m.block_us for m in remembered], dtype=np.int64),
        block_sum=np.array([m.block_sum for m in remembered], dtype=np.float64),
        block_n=np.array([m.block_n for m in remembered], dtype=np.int64),
        last_us=np.array([m.last_us for m in remembered], dtype=np.int64),
    )
    fix_us, source = reports.fix_us[pairs.row], reports.source[pairs.row]
    certainty = follow(belief, pairs.first, pairs.count, probability, fix_us, BLOCK_US[source], rule.belief)
    columns = (belief.odds, belief.block_us, belief.block_sum, belief.block_n, belief.last_us)
    for m, values in zip(remembered, zip(*(c.tolist() for c in columns), strict=True), strict=True):
        m.odds, m.block_us, m.block_sum, m.block_n, m.last_us = values
    return certainty


def _watch_pairs(
    book: Rulebook,
    reports: Reports,
    pairs: _Pairs,
    distance: Floats,
    certainty: Floats,
    binds: Bools,
    window_us: Ints,
    window_ends: Ints,
    memories: dict[int, Memory],
    rule: BoundaryRule,
) -> dict[int, list[Episode]]:
    """Walk the fixes only of pairs in which something is, or may become, an episode; the others have nothing to remember."""
    episodes: dict[int, list[Episode]] = {}
    if not len(pairs.first):
        return episodes
    restless = np.logical_or.reduceat((certainty > rule.close_at) & binds, pairs.first)
    for i, first in enumerate(pairs.first.tolist()):
        subject, zone = int(reports.subject[pairs.row[first]]), book.zones.versions[int(pairs.zone[first])]
        memory = memories[subject].pairs[zone.id].watch
        if memory.idle and not restless[i]:
            continue
        rows = range(first, first + int(pairs.count[i]))
        fixes = (
            Watched(
                _fix(reports, int(pairs.row[k]), float(distance[k]), float(certainty[k])),
                bool(binds[k]), int(window_us[k]), int(window_ends[k]),
            )
            for k in rows
        )  # fmt: skip
        if seen := watch(memory, zone.zone_id, zone.id, fixes, rule.open_at, rule.close_at):
            episodes.setdefault(subject, []).extend(seen)
    return episodes


def _watch_mock(reports: Reports, lawful: Bools, ends: Ints, memories: dict[int, Memory], episodes: dict[int, list[Episode]]) -> None:
    for subject, rows in _by_subject(reports):
        memory = memories[subject]
        rows = rows[lawful[rows]]
        if not len(rows) or (memory.mock is None and not reports.mock[rows].any()):
            continue
        fixes = ((_fix(reports, int(k), 0.0, 1.0), bool(reports.mock[k])) for k in rows)
        seen, memory.mock = watch_mock(memory.mock, fixes, int(ends[rows[0]]))
        episodes.setdefault(subject, []).extend(seen)


def _settle(book: Rulebook, reports: Reports, memories: dict[int, Memory], episodes: dict[int, list[Episode]]) -> None:
    """End by time, or by the end of the binding, what a subject's latest fix has left behind, and forget what is over."""
    until = {v.id: v.valid_until_us for v in book.zones.versions}
    for subject, rows in _by_subject(reports):
        memory, latest = memories[subject], int(reports.fix_us[rows[-1]])
        bound = book.bindings.versions_of(subject, book.zones)
        ended: list[Episode] = []
        for version, pair in memory.pairs.items():
            if pair.watch.episode is not None and end_by_time(pair.watch.episode, latest, version in bound):
                ended.append(pair.watch.episode)
                pair.watch = Watch()
        if memory.mock is not None and end_by_time(memory.mock, latest, True):
            ended.append(memory.mock)
            memory.mock = None
        known = episodes.get(subject, [])
        if late := [e for e in ended if not any(e is k for k in known)]:
            episodes.setdefault(subject, []).extend(late)
        memory.pairs = {v: pair for v, pair in sorted(memory.pairs.items()) if v in bound and until[v] > latest}


def _fix(reports: Reports, k: int, distance_m: float, certainty: float) -> Fix:
    accuracy = float(reports.accuracy_m[k])
    return Fix(
        fix_us=int(reports.fix_us[k]),
        digest=int(reports.digest[k]),
        lat=float(reports.lat[k]),
        lon=float(reports.lon[k]),
        accuracy_m=None if np.isnan(accuracy) else accuracy,
        distance_m=distance_m,
        certainty=certainty,
    )
