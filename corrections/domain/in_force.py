"""Rules that change: each fix is judged by the settings in force at its fix time, whenever it comes in."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from corrections.domain.model import Ints, Reports
from corrections.domain.rules import Advance, BoundaryRule, Memory, Rulebook, advance

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


def _periods(rules: RulesInForce, fix_us: Ints) -> Ints:
    starts = np.array([start for start, _ in rules[1:]], dtype=np.int64)
    return np.searchsorted(starts, fix_us, side="right").astype(np.int64)
