"""Watching over columns: from what was seen of many subjects and zones to the episodes in progress."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from corrections.domain.binding import Bound, by_subject
from corrections.domain.certainty import Seen
from corrections.domain.episodes import Watch, Watched, end_by_time, watch, watch_mock
from corrections.domain.memory import Memory
from corrections.domain.model import Bools, Episode, Fix, Floats, Ints, Reports, Rule, ZoneVersion
from corrections.domain.rules import BoundaryRule, Rulebook


def watch_pairs(
    book: Rulebook, reports: Reports, seen: Seen, bound: Bound, memories: dict[int, Memory], rule: BoundaryRule
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
        for kind, restless, (begins, ends), watches in (
            (Rule.BOUNDARY, outside, spans[0], memory.watches),
            (Rule.APPROACH, closer, spans[1], memory.approaches),
        ):
            begin, end = int(begins[i]), int(ends[i])
            if begin == end and zone.id not in watches:
                continue
            kept, edge = watches.setdefault(zone.id, Watch()), _edge(kind, zone, seen, rule)
            walk = _walk(kept, int(first[i]), int(last[i]), restless[begin:end].tolist())
            fixes = (_watched(reports, seen, bound, edge, k) for k in walk)
            if found := watch(kept, kind, zone.zone_id, zone.id, fixes, edge.open_at, rule.close_at):
                episodes.setdefault(subject, []).extend(found)
    return episodes


@dataclass(frozen=True, slots=True)
class _Edge:
    """What is watched of a zone: its own edge, or the one ``near_m`` around it. An approach opens only while she has not entered, which
    is when it is at least ``entered_at`` certain that she is on the wrong side."""

    certainty: Floats
    open_at: float
    near_m: float = 0.0
    entered_at: float = 2.0  # never: certainties end at 1


def _edge(kind: Rule, zone: ZoneVersion, seen: Seen, rule: BoundaryRule) -> _Edge:
    if kind is Rule.APPROACH:
        return _Edge(seen.nearness, rule.approach_at, rule.near_m(zone), rule.opens(zone))
    return _Edge(seen.certainty, rule.opens(zone))


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


def _watched(reports: Reports, seen: Seen, bound: Bound, edge: _Edge, k: int) -> Watched:
    row = int(seen.row[k])
    fix = _fix(reports, row, float(seen.distance_m[k]) + edge.near_m, float(edge.certainty[k]), float(seen.doubt[row]))
    entered = bool(seen.certainty[k] >= edge.entered_at)
    return Watched(fix, bool(bound.binds[k]), int(bound.window_us[k]), int(bound.ends_us[k]), int(bound.leave_until_us[k]), entered)


def watch_for_mocking(reports: Reports, lawful: Bools, ends: Ints, memories: dict[int, Memory], episodes: dict[int, list[Episode]]) -> None:
    for subject, rows in by_subject(reports):
        memory = memories[subject]
        rows = rows[lawful[rows]]
        if not len(rows) or (memory.mock is None and not reports.mock[rows].any()):
            continue
        fixes = ((_fix(reports, int(k), 0.0, 1.0, 0.0), bool(reports.mock[k])) for k in rows)
        seen, memory.mock = watch_mock(memory.mock, fixes, int(ends[rows[0]]))
        episodes.setdefault(subject, []).extend(seen)


def end_what_is_over(book: Rulebook, reports: Reports, memories: dict[int, Memory], episodes: dict[int, list[Episode]]) -> None:
    """End by time, or by the end of the binding, what a subject's latest fix has left behind, and forget what is over."""
    until: dict[int, int] = {}
    for subject, rows in by_subject(reports):
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
