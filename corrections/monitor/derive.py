"""From reports to settled violations for a batch of subjects: go on from memory, or start over where evidence came late."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import numpy as np
from sqlalchemy import delete
from sqlmodel import Session, col, select

from corrections.domain.in_force import RulesInForce, advance_through
from corrections.domain.judging import Standing
from corrections.domain.memory import Memory
from corrections.domain.model import FOREVER_US, Ints, Reports, from_us, to_us
from corrections.domain.rules import Rulebook
from corrections.monitor.by_fix import settle_episodes
from corrections.review.deadlines import Deadlines
from corrections.store.rulebook import checkpoint_before, load_reports
from corrections.store.tables import Checkpoint, Subject, SubjectState


def derive(
    session: Session,
    book: Rulebook,
    states: Mapping[int, SubjectState],
    fresh: Reports,
    upto_id: int,
    rules: RulesInForce,
    deadlines: Deadlines,
    now: datetime,
) -> None:
    """Judge ``fresh`` reports with positions (in order) of these subjects, and settle violations, states and checkpoints.

    1. Where all of a subject's fresh fixes are later than the last one judged, go on from her memory. 2. Else, or where a revision was
    asked for, start over from the last checkpoint before, with all her reports up to ``upto_id``. 3. Advance all together, in columns,
    each fix by the rules in force when it was measured. 4. Settle each subject's violations over the span that was derived. 5. Keep
    memory and checkpoints.
    """
    memories: dict[int, Memory] = {}
    since: dict[int, int] = {}
    late: dict[int, Reports] = {}
    parts: list[Reports] = []
    for subject_id, state in states.items():
        mine = fresh.take(_rows_of(fresh, subject_id))
        if state.revise_from is None and not len(mine):
            continue
        start, memories[subject_id], reports = _onward(state, mine) or _over_again(session, state, mine, upto_id)
        since[subject_id], late[subject_id] = start, _late(state, mine)
        parts.append(reports)
    if not parts:
        return
    taken = _joined(parts).ordered()
    done = advance_through(book, taken, memories, since, rules)
    people = _subjects(session, list(since))
    for subject_id, start in since.items():
        episodes = done.episodes.get(subject_id, [])
        settle_episodes(session, people[subject_id], episodes, start, book, rules, deadlines, now, late[subject_id])
        for begun_us, memory in done.checkpoints.get(subject_id, []):
            session.add(Checkpoint(subject_id=subject_id, fix_time=from_us(begun_us), memory=memory))
        _remember(states[subject_id], taken, _rows_of(taken, subject_id), memories[subject_id])
        if (standing := done.standing.get(subject_id)) is not None:
            _stand(states[subject_id], standing)
    session.flush()


def _onward(state: SubjectState, mine: Reports) -> tuple[int, Memory, Reports] | None:
    """(last fix judged, memory after it, the fresh reports) when these all follow it."""
    if state.revise_from is not None:
        return None
    if state.fix_time is None or state.digest is None:
        return -FOREVER_US, Memory(), mine
    last = (to_us(state.fix_time), state.digest)
    if (int(mine.fix_us[0]), int(mine.digest[0])) <= last:
        return None
    return last[0], Memory.decode(state.memory), mine


def _over_again(session: Session, state: SubjectState, mine: Reports, upto_id: int) -> tuple[int, Memory, Reports]:
    """(just before the checkpoint, its memory, all reports since) for the earliest fix that must be seen anew."""
    moments = [to_us(state.revise_from)] if state.revise_from is not None else []
    moments += [int(mine.fix_us[0])] if len(mine) else []
    start, memory = checkpoint_before(session, state.subject_id, min(moments))
    stale = delete(Checkpoint).where(col(Checkpoint.subject_id) == state.subject_id)
    session.execute(stale if start == -FOREVER_US else stale.where(col(Checkpoint.fix_time) >= from_us(start)))
    return max(start - 1, -FOREVER_US), Memory.decode(memory), load_reports(session, state.subject_id, start, upto_id=upto_id)


def _late(state: SubjectState, mine: Reports) -> Reports:
    """Those of a subject's fresh reports that were measured before the last one judged."""
    last_us = -FOREVER_US if state.fix_time is None else to_us(state.fix_time)
    return mine.take(mine.fix_us <= last_us)


def _rows_of(reports: Reports, subject_id: int) -> Ints:
    """The rows of one subject in reports ordered by subject."""
    first, last = np.searchsorted(reports.subject, [subject_id, subject_id + 1])
    return np.arange(first, last, dtype=np.int64)


def _remember(state: SubjectState, taken: Reports, rows: Ints, memory: Memory) -> None:
    state.memory, state.revise_from, state.fault, state.fault_at = memory.encode(), None, None, None
    if not len(rows):
        return
    earliest, newest = from_us(int(taken.fix_us[rows[0]])), int(rows[-1])
    state.patterns_from = earliest if state.patterns_from is None else min(earliest, state.patterns_from)
    state.fix_time, state.digest = from_us(int(taken.fix_us[newest])), int(taken.digest[newest])
    real = rows[~taken.mock[rows]]
    if len(real):
        seen, accuracy = int(real[-1]), float(taken.accuracy_m[real[-1]])
        state.lat, state.lon = float(taken.lat[seen]), float(taken.lon[seen])
        state.accuracy_m = None if np.isnan(accuracy) else accuracy


def _stand(state: SubjectState, standing: Standing) -> None:
    state.side, state.certainty = standing.side, standing.certainty
    state.uncertain_since = None if standing.unknown_since_us is None else from_us(standing.unknown_since_us)


def _joined(parts: list[Reports]) -> Reports:
    names = Reports.__dataclass_fields__
    return Reports(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def _subjects(session: Session, ids: list[int]) -> dict[int, Subject]:
    return {s.id: s for s in session.exec(select(Subject).where(col(Subject.id).in_(ids))) if s.id is not None}
