"""The rules: what bound a subject when, and what her reports say about it.

``judge`` takes many subjects' reports as columns and the memory of each subject after the fixes before; it returns the certainty for
each report and zone, the episodes, and the memories to go on with. It is pure: the live service, ``backtest`` and the tests run the same
code. The rules about contact, which follow the received times, are in ``contact``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import shapely

from corrections.domain.belief import BeliefRule
from corrections.domain.certainty import Seen, Where, see
from corrections.domain.episodes import Watch, Watched, end_by_time, watch, watch_mock
from corrections.domain.geodesy import Plane
from corrections.domain.model import Bools, Episode, Fix, Floats, Ints, Reports, Rule, Severity, Side, ZoneKind, ZoneVersion
from corrections.domain.zones import Bindings, ZoneBook, day_starts


@dataclass(frozen=True, slots=True)
class OpenAt:
    """The certainty at which a violation opens, by kind of zone: all day inside, inside within windows (a curfew), outside; and at
    most this for a zone of severity grave, whatever its kind."""

    inclusion: float = 0.9
    curfew: float = 0.95
    exclusion: float = 0.6
    grave: float = 0.5


@dataclass(frozen=True, slots=True)
class BoundaryRule:
    """A violation opens when the certainty is at least ``open_at`` for its zone and ends when it is at most ``close_at``.

    ``approach_m`` is by severity of an exclusion zone within how many metres of it being is an approach (0: never), which opens at
    ``approach_at``.
    """

    open_at: OpenAt = field(default_factory=OpenAt)
    close_at: float = 0.2
    approach_m: Mapping[Severity, float] = field(default_factory=dict)
    approach_at: float = 0.9
    belief: BeliefRule = field(default_factory=BeliefRule)

    def opens(self, zone: ZoneVersion) -> float:
        """The certainty at which a violation of this zone opens."""
        kind = self.open_at.exclusion if zone.kind is ZoneKind.EXCLUSION else self.open_at.inclusion
        kind = self.open_at.curfew if zone.kind is ZoneKind.INCLUSION and zone.windows else kind
        return min(kind, self.open_at.grave) if zone.severity is Severity.GRAVE else kind

    def near_m(self, zone: ZoneVersion) -> float:
        """Within how many metres of this zone being is an approach; 0 where it is none."""
        return self.approach_m.get(zone.severity, 0.0) if zone.kind is ZoneKind.EXCLUSION else 0.0


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
class Memory:
    """What is remembered of one subject after a fix: where she is believed to be; by zone version the watch of its edge, and of the
    approach to it, where there is anything to remember; a mocked spell in progress; since which fix one cannot tell."""

    where: Where = field(default_factory=Where)
    watches: dict[int, Watch] = field(default_factory=dict)
    approaches: dict[int, Watch] = field(default_factory=dict)
    mock: Episode | None = None
    unknown_since_us: int | None = None

    @staticmethod
    def decode(stored: bytes) -> Memory:
        return _decoder.decode(stored) if stored else Memory()

    def encode(self) -> bytes:
        return _encoder.encode(self)


_decoder = msgspec.msgpack.Decoder(Memory)
_encoder = msgspec.msgpack.Encoder()


@dataclass(slots=True)
class Judgement:
    """``row``, ``zone``, ``distance_m``, ``certainty``, ``opens`` and ``binds`` have one entry for each report and zone that concerns
    it: position in the reports, zone index, signed metres, certainty after the fix, the certainty at which a violation opens, whether
    the zone bound then. ``counts`` and ``doubt`` have one entry a report: whether it says where she was, and how probably it is wrong.
    ``episodes`` are those in progress at any of the reports, by subject."""

    row: Ints
    zone: Ints
    distance_m: Floats
    certainty: Floats
    opens: Floats
    binds: Bools
    counts: Bools
    doubt: Floats
    episodes: dict[int, list[Episode]]


def judge(book: Rulebook, reports: Reports, memories: dict[int, Memory], rule: BoundaryRule) -> Judgement:
    """Judge reports with positions, ordered by (subject, fix_us, digest), each later than its subject's memory, which is brought
    forward in place.

    1. Leave out what no authority covers; mocked fixes are evidence of mocking only. 2. Follow the belief about each subject, and hold
    it against the zones in force for her. 3. Find when each zone bound her. 4. Watch for episodes where there is anything to see.
    """
    for subject in np.unique(reports.subject).tolist():
        memories.setdefault(subject, Memory())
    lawful, lawful_from, lawful_until = _lawful(book, reports)
    counts = lawful & ~reports.mock
    where = {subject: memories[subject].where for subject in np.unique(reports.subject).tolist()}
    near_m = np.array([rule.near_m(zone) for zone in book.zones.sorts], dtype=np.float64)[book.zones.sort]
    seen = see(book.zones, book.bindings, reports, np.flatnonzero(counts), where, rule.belief, near_m)
    bound = _binding(book, reports, seen, lawful_from, lawful_until)
    episodes = _watch_pairs(book, reports, seen, bound, memories, rule)
    _watch_mock(reports, lawful, lawful_until, memories, episodes)
    _settle(book, reports, memories, episodes)
    opens = np.array([rule.opens(zone) for zone in book.zones.sorts], dtype=np.float64)[book.zones.sort[seen.zone]]
    return Judgement(seen.row, seen.zone, seen.distance_m, seen.certainty, opens, bound.binds, counts, seen.doubt, episodes)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a subject is after a report: the three answers, the highest certainty over the zones that bound, and, where one cannot
    tell, since which fix (µs)."""

    side: Side
    certainty: float
    unknown_since_us: int | None


@dataclass(slots=True)
class Advance:
    """What a stretch of reports led to: the episodes in progress at any of them, and for each subject the memories just before the
    first fix of each local day that began in it, as ``(start of the day in µs, memory)``: where late evidence starts over.
    ``standing`` is where each subject is after her last report."""

    episodes: dict[int, list[Episode]]
    checkpoints: dict[int, list[tuple[int, bytes]]]
    standing: dict[int, Standing]


def advance(book: Rulebook, reports: Reports, memories: dict[int, Memory], last_us: Mapping[int, int], rule: BoundaryRule) -> Advance:
    """``judge``, a local day of each subject at a time, so that a checkpoint is left at the start of each. ``last_us`` is each
    subject's last fix before these."""
    done = Advance({}, {}, {})
    if not len(reports):
        return done
    day = day_starts(reports.fix_us, book.timezone)
    turn = _days_before(reports, day)
    for nth in range(int(turn.max()) + 1):
        rows = np.flatnonzero(turn == nth)
        today = reports.take(rows)
        for subject, mine in _by_subject(today):
            start, begun = int(day[rows[mine[0]]]), done.checkpoints.setdefault(subject, [])
            if begun or last_us.get(subject, start - 1) < start:
                begun.append((start, memories.get(subject, Memory()).encode()))
        judgement = judge(book, today, memories, rule)
        for subject, seen in judgement.episodes.items():
            known = done.episodes.setdefault(subject, [])
            known.extend(e for e in seen if not any(e is k for k in known))
        _stand(judgement, today, memories, rule, done)
    return done


def _days_before(reports: Reports, day: Ints) -> Ints:
    """How many of its subject's days with reports come before that of each report; ordered by (subject, time)."""
    begins = np.ones(len(day), dtype=np.int64)
    begins[1:] = (np.diff(day) != 0) | (np.diff(reports.subject) != 0)
    so_far = np.cumsum(begins)
    first_of_subject = np.searchsorted(reports.subject, reports.subject)
    return so_far - so_far[first_of_subject]


def _stand(judgement: Judgement, reports: Reports, memories: dict[int, Memory], rule: BoundaryRule, done: Advance) -> None:
    n = len(reports)
    wrong, unknown, worst = *_answers(judgement, n, rule), _worst(judgement, n)
    known = np.where(unknown, -1, np.arange(n, dtype=np.int64))
    for subject, rows in _by_subject(reports):
        memory, last = memories[subject], int(rows[-1])
        last_known = int(known[rows].max())
        if last_known >= 0:
            memory.unknown_since_us = None
        if unknown[last] and memory.unknown_since_us is None:
            memory.unknown_since_us = int(reports.fix_us[last_known + 1 if last_known >= 0 else rows[0]])
        side = Side.UNKNOWN if unknown[last] else Side.WRONG if wrong[last] else Side.RIGHT
        done.standing[subject] = Standing(side, float(worst[last]), memory.unknown_since_us)


def sides(judgement: Judgement, n: int, rule: BoundaryRule) -> list[Side]:
    """Three answers for each of ``n`` reports over all zones that bound then: wrong when one is certain, unknown when one cannot
    tell, or when the report counts for nothing (mocked, or without authority), else right."""
    wrong, unknown = _answers(judgement, n, rule)
    return [Side.WRONG if w else Side.UNKNOWN if u else Side.RIGHT for w, u in zip(wrong.tolist(), unknown.tolist(), strict=True)]


def _answers(judgement: Judgement, n: int, rule: BoundaryRule) -> tuple[Bools, Bools]:
    """For each of ``n`` reports whether she is surely on a wrong side, and, where not, whether one cannot tell."""
    wrong = np.zeros(n, dtype=bool)
    wrong[judgement.row[judgement.binds & (judgement.certainty >= judgement.opens)]] = True
    return wrong, ~wrong & ((_worst(judgement, n) > rule.close_at) | ~judgement.counts)


def _worst(judgement: Judgement, n: int) -> Floats:
    """For each of ``n`` reports the highest certainty over the zones that bound then."""
    worst = np.zeros(n, dtype=np.float64)
    np.maximum.at(worst, judgement.row[judgement.binds], judgement.certainty[judgement.binds])
    return worst


# ---- when a zone bound


def _lawful(book: Rulebook, reports: Reports) -> tuple[Bools, Ints, Ints]:
    """Whether each report's subject might be located at its fix time, and the span (µs) in which she might."""
    subjects, first, count = np.unique(reports.subject, return_index=True, return_counts=True)
    spans = [book.lawful.get(subject) or ((0, 0),) for subject in subjects.tolist()]
    starts, ends = (np.repeat(np.array([own[0][i] for own in spans], dtype=np.int64), count) for i in (0, 1))
    for i in [i for i, own in enumerate(spans) if len(own) > 1]:  # seldom: what follows on the first span
        rows = slice(first[i], first[i] + count[i])
        several = np.array(spans[i], dtype=np.int64)
        at = np.maximum(np.searchsorted(several[:, 0], reports.fix_us[rows], side="right") - 1, 0)
        starts[rows], ends[rows] = several[at, 0], several[at, 1]
    return (reports.fix_us >= starts) & (reports.fix_us < ends), starts, ends


@dataclass(slots=True)
class _Bound:
    """For each entry of ``Seen``: whether the zone bound at the fix, and the start and end (µs) of the spell in which it did; when it
    did not because of an approved leave, the end of that leave, else 0."""

    binds: Bools
    window_us: Ints
    ends_us: Ints
    leave_until_us: Ints


def _binding(book: Rulebook, reports: Reports, seen: Seen, lawful_from: Ints, lawful_until: Ints) -> _Bound:
    """A zone binds in its window, cut by the spans of the authority and by the end of the zone version. An approved leave frees from
    inclusion zones, never from exclusion zones."""
    fix_us = reports.fix_us[seen.row]
    binds, window_us, window_ends = book.zones.windows(seen.zone, fix_us, book.timezone)
    window_us = np.where(binds, np.maximum(window_us, lawful_from[seen.row]), window_us)
    ends = np.minimum(np.minimum(window_ends, book.zones.valid_until[seen.zone]), lawful_until[seen.row])
    leave_until = np.zeros(len(seen.row), dtype=np.int64)
    if book.leaves:
        for subject, rows in _by_subject(reports):
            if leaves := book.leaves.get(subject):
                until = _on_leave(leaves, reports, rows)
                concerned = (seen.row >= rows[0]) & (seen.row <= rows[-1]) & book.zones.inclusion[seen.zone]
                leave_until[concerned] = until[seen.row[concerned] - rows[0]]
        leave_until[~binds] = 0
        binds &= leave_until == 0
    return _Bound(binds, window_us, ends, leave_until)


def _on_leave(leaves: Sequence[Leave], reports: Reports, rows: Ints) -> Ints:
    """The end (µs) of the leave that covers each fix, 0 where none does: in its time, and within its claimed radius of the place, where
    the leave names one."""
    until = np.zeros(len(rows), dtype=np.int64)
    for leave in leaves:
        within = (reports.fix_us[rows] >= leave.from_us) & (reports.fix_us[rows] < leave.until_us)
        if leave.wkb is not None and within.any():
            place = shapely.from_wkb(leave.wkb)
            west, south, east, north = place.bounds
            plane = Plane((south + north) / 2, (west + east) / 2)
            x, y = plane.to_metres(reports.lat[rows], reports.lon[rows])
            away = shapely.distance(_on_plane(place, plane), shapely.points(x, y))
            within &= away <= np.nan_to_num(reports.accuracy_m[rows], nan=0.0)
        until = np.where(within, np.maximum(until, leave.until_us), until)
    return until


def _on_plane(place: shapely.Geometry, plane: Plane) -> shapely.Geometry:
    def project(lonlat: Floats) -> Floats:
        return np.column_stack(plane.to_metres(lonlat[:, 1], lonlat[:, 0]))

    return shapely.transform(place, project)


def _by_subject(reports: Reports) -> list[tuple[int, Ints]]:
    """(subject, its rows) for reports ordered by subject."""
    if not len(reports):
        return []
    first = np.concatenate([[0], np.flatnonzero(np.diff(reports.subject)) + 1])
    rows, ends = np.arange(len(reports), dtype=np.int64), [*first[1:].tolist(), len(reports)]
    return [(s, rows[i:j]) for s, i, j in zip(reports.subject[first].tolist(), first.tolist(), ends, strict=True)]


# ---- watching


def _watch_pairs(
    book: Rulebook, reports: Reports, seen: Seen, bound: _Bound, memories: dict[int, Memory], rule: BoundaryRule
) -> dict[int, list[Episode]]:
    """Walk the fixes only of those pairs of subject and zone in which something is, or may become, an episode."""
    episodes: dict[int, list[Episode]] = {}
    if not len(seen.row):
        return episodes
    cut = np.flatnonzero((np.diff(seen.zone) != 0) | (np.diff(reports.subject[seen.row]) != 0)) + 1
    first = np.concatenate([[0], cut]).astype(np.int64)
    last = np.concatenate([cut, [len(seen.row)]]).astype(np.int64)
    may = bound.binds | (bound.leave_until_us > 0)
    outside = np.flatnonzero((seen.certainty > rule.close_at) & may)
    closer = np.flatnonzero((seen.nearness > rule.close_at) & bound.binds)
    subjects = reports.subject[seen.row[first]]
    spans = [np.searchsorted(restless, [first, last]) for restless in (outside, closer)]
    watched = [s for s in np.unique(subjects).tolist() if memories[s].watches or memories[s].approaches]
    at_all = (spans[0][0] < spans[0][1]) | (spans[1][0] < spans[1][1]) | np.isin(subjects, watched)
    for i in np.flatnonzero(at_all).tolist():
        subject = int(subjects[i])
        memory, zone = memories[subject], book.zones.versions[int(seen.zone[first[i]])]
        for restless, (begins, ends), watches, kind in (
            (outside, spans[0], memory.watches, Rule.BOUNDARY),
            (closer, spans[1], memory.approaches, Rule.APPROACH),
        ):
            begin, end = int(begins[i]), int(ends[i])
            if begin == end and zone.id not in watches:
                continue
            kept = watches.setdefault(zone.id, Watch())
            walk = _walk(kept, int(first[i]), int(last[i]), restless[begin:end].tolist())
            near_m, inside_at = (0.0, 2.0) if kind is Rule.BOUNDARY else (rule.near_m(zone), rule.opens(zone))
            certainty = seen.certainty if kind is Rule.BOUNDARY else seen.nearness
            fixes = (_watched(reports, seen, bound, k, float(certainty[k]), near_m, inside_at) for k in walk)
            open_at = rule.opens(zone) if kind is Rule.BOUNDARY else rule.approach_at
            found = watch(kept, kind, zone.zone_id, zone.id, fixes, open_at, rule.close_at)
            if found:
                episodes.setdefault(subject, []).extend(found)
    return episodes


def _walk(kept: Watch, first: int, last: int, restless: list[int]) -> Iterator[int]:
    """The entries from ``first`` on at which there is anything to see: all of them while something is remembered, else from the next
    restless one on."""
    at, ahead = first, 0
    while at < last:
        if kept.idle:
            while ahead < len(restless) and restless[ahead] < at:
                ahead += 1
            if ahead == len(restless):
                return
            at = restless[ahead]
        yield at
        at += 1


def _watched(reports: Reports, seen: Seen, bound: _Bound, k: int, certainty: float, near_m: float, inside_at: float) -> Watched:
    """One fix of a pair. ``near_m`` moves the edge outwards, for an approach, and ``inside_at`` is how sure of the wrong side one must
    be for her to have entered."""
    row = int(seen.row[k])
    fix = _fix(reports, row, float(seen.distance_m[k]) + near_m, certainty, float(seen.doubt[row]))
    entered = bool(seen.certainty[k] >= inside_at)
    return Watched(fix, bool(bound.binds[k]), int(bound.window_us[k]), int(bound.ends_us[k]), int(bound.leave_until_us[k]), entered)


def _watch_mock(reports: Reports, lawful: Bools, ends: Ints, memories: dict[int, Memory], episodes: dict[int, list[Episode]]) -> None:
    for subject, rows in _by_subject(reports):
        memory = memories[subject]
        rows = rows[lawful[rows]]
        if not len(rows) or (memory.mock is None and not reports.mock[rows].any()):
            continue
        fixes = ((_fix(reports, int(k), 0.0, 1.0, 0.0), bool(reports.mock[k])) for k in rows)
        seen, memory.mock = watch_mock(memory.mock, fixes, int(ends[rows[0]]))
        episodes.setdefault(subject, []).extend(seen)


def _settle(book: Rulebook, reports: Reports, memories: dict[int, Memory], episodes: dict[int, list[Episode]]) -> None:
    """End by time, or by the end of the binding, what a subject's latest fix has left behind, and forget what is over."""
    until: dict[int, int] = {}
    for subject, rows in _by_subject(reports):
        memory, latest = memories[subject], int(reports.fix_us[rows[-1]])
        if not memory.watches and not memory.approaches and memory.mock is None:
            continue
        until = until or {v.id: v.valid_until_us for v in book.zones.versions}
        bound = book.bindings.versions_of(subject, book.zones)
        ended: list[Episode] = []
        for watches in (memory.watches, memory.approaches):
            for version, kept in sorted(watches.items()):
                if kept.episode is not None and end_by_time(kept.episode, latest, version in bound):
                    ended.append(kept.episode)
                    kept.episode = None
                if kept.idle or version not in bound or until[version] <= latest:
                    del watches[version]
        if memory.mock is not None and end_by_time(memory.mock, latest, True):
            ended.append(memory.mock)
            memory.mock = None
        known = episodes.get(subject, [])
        if late := [e for e in ended if not any(e is k for k in known)]:
            episodes.setdefault(subject, []).extend(late)


def _fix(reports: Reports, k: int, distance_m: float, certainty: float, doubt: float) -> Fix:
    accuracy = float(reports.accuracy_m[k])
    return Fix(
        fix_us=int(reports.fix_us[k]),
        digest=int(reports.digest[k]),
        lat=float(reports.lat[k]),
        lon=float(reports.lon[k]),
        accuracy_m=None if np.isnan(accuracy) else accuracy,
        distance_m=distance_m,
        certainty=certainty,
        doubt=doubt,
    )
