"""Judging: what reports say about the rules.

``judge`` takes many subjects' reports as columns and the memory of each subject after the fixes before; it returns the certainty for
each report and zone, the episodes, and the memories to go on with. It is pure: the live service, ``backtest`` and the tests run the same
code. The rules about contact, which follow the received times, are in ``contact``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from corrections.domain.binding import binding, by_subject, lawful_spans
from corrections.domain.certainty import see
from corrections.domain.memory import Memory
from corrections.domain.model import Bools, Episode, Floats, Ints, Reports, Side
from corrections.domain.rules import BoundaryRule, Rulebook
from corrections.domain.watching import end_what_is_over, watch_for_mocking, watch_pairs
from corrections.domain.zones import day_starts


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
    lawful, lawful_from, lawful_until = lawful_spans(book, reports)
    counts = lawful & ~reports.mock
    where = {subject: memories[subject].where for subject in np.unique(reports.subject).tolist()}
    near_m = np.array([rule.near_m(zone) for zone in book.zones.sorts], dtype=np.float64)[book.zones.sort]
    seen = see(book.zones, book.bindings, reports, np.flatnonzero(counts), where, rule.belief, near_m)
    bound = binding(book, reports, seen, lawful_from, lawful_until)
    episodes = watch_pairs(book, reports, seen, bound, memories, rule)
    watch_for_mocking(reports, lawful, lawful_until, memories, episodes)
    end_what_is_over(book, reports, memories, episodes)
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
        for subject, mine in by_subject(today):
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
    for subject, rows in by_subject(reports):
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
