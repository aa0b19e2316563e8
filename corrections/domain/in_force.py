"""Rules that change: each fix is judged by the settings in force at its fix time, whenever it comes in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corrections.domain.judging import Advance, advance, judge, sides
from corrections.domain.memory import Memory
from corrections.domain.model import Bools, Ints, Reports, Side
from corrections.domain.rules import BoundaryRule, Rulebook
from corrections.domain.zones import ZoneBook

RulesInForce = tuple[tuple[int, BoundaryRule], ...]
"""(from which fix time (µs) on, settings), in order of time; the first hold for everything before, too. Never empty."""


def rule_at(rules: RulesInForce, fix_us: int) -> BoundaryRule:
    """The settings in force at a fix time (µs)."""
    return rules[int(_periods(rules, np.array([fix_us], dtype=np.int64))[0])][1]


def advance_through(
    book: Rulebook, reports: Reports, memories: dict[int, Memory], last_us: Mapping[int, int], rules: RulesInForce
) -> Advance:
    """``advance`` through every change of the rules, one period after the other; the same arguments else."""
    period = _periods(rules, reports.fix_us)
    done, last = Advance({}, {}, {}), dict(last_us)
    for number in np.unique(period).tolist():
        part = reports.take(period == number)
        step = advance(book, part, memories, last, rules[number][1])
        for subject, seen in step.episodes.items():
            known = done.episodes.setdefault(subject, [])
            known.extend(e for e in seen if not any(e is k for k in known))
        for subject, begun in step.checkpoints.items():
            done.checkpoints.setdefault(subject, []).extend(begun)
        done.standing.update(step.standing)
        last.update(zip(part.subject.tolist(), part.fix_us.tolist(), strict=True))  # in order: the last one of each stays
    return done


@dataclass(slots=True)
class Answers:
    """Over all zones that bound, one answer for each report; whether the report says where she was; and for one zone version (by its
    index) the answers for the reports at which it was in force, leave or no leave: position in the reports, and the answer."""

    overall: list[Side]
    counts: Bools
    _zones: ZoneBook
    _fix_us: Ints
    _told: dict[int, NDArray[np.object_]]

    def of_zone(self, zone: int) -> list[tuple[int, Side]]:
        at = np.flatnonzero(self.counts & self._zones.in_force(np.full(len(self._fix_us), zone), self._fix_us))
        told = self._told.get(zone)
        return [(row, Side.RIGHT if told is None else told[row]) for row in at.tolist()]


def answer(book: Rulebook, reports: Reports, memories: dict[int, Memory], rules: RulesInForce) -> Answers:
    """Where subjects were, in three answers, by the settings in force at each fix; ``reports`` and ``memories`` as for ``judge``."""
    n, period = len(reports), _periods(rules, reports.fix_us)
    done = Answers([Side.UNKNOWN] * n, np.zeros(n, dtype=bool), book.zones, reports.fix_us, {})
    for number in np.unique(period).tolist():
        rows, rule = np.flatnonzero(period == number), rules[number][1]
        part = reports.take(rows)
        judgement = judge(book, part, memories, rule)
        done.counts[rows] = judgement.counts
        for row, side in zip(rows.tolist(), sides(judgement, len(part), rule), strict=True):
            done.overall[row] = side
        doubt = np.where(judgement.certainty > rule.close_at, Side.UNKNOWN, Side.RIGHT).astype(object)
        each = np.where(judgement.certainty >= judgement.opens, Side.WRONG, doubt).astype(object)
        for zone in np.unique(judgement.zone).tolist():
            mine = judgement.zone == zone
            done._told.setdefault(zone, np.full(n, Side.RIGHT, dtype=object))[rows[judgement.row[mine]]] = each[mine]
    return done


def _periods(rules: RulesInForce, fix_us: Ints) -> Ints:
    starts = np.array([start for start, _ in rules[1:]], dtype=np.int64)
    return np.searchsorted(starts, fix_us, side="right").astype(np.int64)
