"""Evaluating what is new: the stream of reports of each bureau, taken once, in order of commit, in transactions of a batch.

One transaction reads the next reports of a bureau, judges them, writes violations, states and checkpoints, and moves the bureau's
place in the stream; whoever holds the row of that place is the only one to evaluate the bureau. A crash at any moment leaves either
all of it or nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from corrections import clock
from corrections.domain.in_force import RulesInForce
from corrections.domain.model import Reports, from_us, to_us
from corrections.domain.rules import Rulebook
from corrections.monitor import phones
from corrections.monitor.asking import ask_where_uncertain, note_answers
from corrections.monitor.contact import take_contacts
from corrections.monitor.derive import derive
from corrections.monitor.phones import as_words
from corrections.records.revision import ensure_state
from corrections.review.deadlines import Deadlines
from corrections.settings import Settings
from corrections.store.database import reading, writing
from corrections.store.rule_history import remember_rule, rules_in_force
from corrections.store.rulebook import SELECTED, Rulebooks, as_columns, boundary_rule
from corrections.store.tables import Report, StreamPosition, Subject, SubjectState

log = logging.getLogger(__name__)

RETRY_AFTER = timedelta(hours=1)  # a subject that was set aside is tried again


@dataclass(slots=True)
class Evaluated:
    """Counts of one run, and the subjects that were set aside."""

    reports: int = 0
    subjects: int = 0
    failed: list[int] = field(default_factory=list)


def evaluate(engine: Engine, settings: Settings, now: datetime | None = None) -> Evaluated:
    """Evaluate everything that is new in all bureaus. Running it again, or twice at once, changes nothing."""
    return Evaluator(engine, settings).run(now)


class Evaluator:
    """Evaluates, and keeps the compiled zones from one run to the next."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine, self._settings = engine, settings
        self._books = Rulebooks()
        self._remembered = False

    def run(self, now: datetime | None = None) -> Evaluated:
        """Evaluate until nothing is new. ``now`` is the clock's unless given."""
        done = Evaluated()
        waiting = self._waiting(now or clock.now())
        if waiting:
            self._remember_rule(now or clock.now())
        for bureau_id in waiting:
            while self._batch(bureau_id, now or clock.now(), done):
                pass
        return done

    def _remember_rule(self, now: datetime) -> None:
        """Once a process, so that one which still runs by older settings does not bring them back."""
        if not self._remembered:
            with writing(self._engine) as session:
                remember_rule(session, boundary_rule(self._settings.rules.boundary), now)
            self._remembered = True

    def _waiting(self, now: datetime) -> list[int]:
        """The bureaus in which something is new; a look that never waits for a writer."""
        with reading(self._engine) as session:
            places = session.exec(select(StreamPosition).order_by(col(StreamPosition.bureau_id))).all()
            return [p.bureau_id for p in places if _has_news(session, p, now)]

    def _batch(self, bureau_id: int, now: datetime, done: Evaluated) -> bool:
        """One transaction; whether there may be more.

        1. Take the bureau's place in the stream. 2. Read the next reports and whom to revise. 3. Contacts. 4. Judge and settle all at
        once; if that fails, each subject alone, and set the failing ones aside. 5. Ask for a fresh fix of whoever one cannot tell about.
        6. Move the place.
        """
        with writing(self._engine) as session:
            place = _lock(session, bureau_id)
            if place is None:
                return False
            ids, words, rows = _next_reports(session, place, self._settings.schedules.batch)
            fresh = as_columns(rows)
            revised = _to_revise(session, bureau_id, now)
            subjects = sorted({*np.unique(fresh.subject).tolist(), *revised})
            if not subjects:
                return False
            upto = ids[-1] if ids else place.position
            ensure_state(session, col(Subject.id).in_(subjects))
            states = _states(session, subjects)
            book = self._books.load(session, bureau_id, subjects)
            take_contacts(session, book, states, fresh, as_words(words), self._settings, now)
            note_answers(session, fresh, subjects, now)
            failed = self._settle(session, book, states, fresh, upto, now)
            ask_where_uncertain(session, states.values(), self._settings, now)
            place.position = upto
            done.reports += len(ids)
            done.subjects += len(subjects)
            done.failed.extend(failed)
            return len(ids) == self._settings.schedules.batch

    def _settle(
        self, session: Session, book: Rulebook, states: dict[int, SubjectState], fresh: Reports, upto: int, now: datetime
    ) -> list[int]:
        rules, deadlines = rules_in_force(session), Deadlines.of(self._settings)
        positioned = fresh.take(~np.isnan(fresh.lat)).ordered()
        waiting = {s for s, state in states.items() if state.fault is not None and not _may_retry(state, now)}
        ready = [s for s in states if s not in waiting]
        try:
            with session.begin_nested():
                derive(session, book, {s: states[s] for s in ready}, positioned, upto, rules, deadlines, now)
            failed: list[int] = []
        except Exception:
            log.warning("evaluating %d subjects at once failed; trying each alone", len(ready), exc_info=True)
            session.expire_all()
            failed = [s for s in ready if not self._alone(session, book, s, positioned, upto, rules, now)]
        for subject in waiting:
            _put_off(session.get_one(SubjectState, subject), positioned)
        return failed

    def _alone(
        self, session: Session, book: Rulebook, subject: int, positioned: Reports, upto: int, rules: RulesInForce, now: datetime
    ) -> bool:
        state = session.get_one(SubjectState, subject)
        try:
            with session.begin_nested():
                derive(session, book, {subject: state}, positioned, upto, rules, Deadlines.of(self._settings), now)
            return True
        except Exception as error:
            log.exception("subject %d could not be evaluated and was set aside", subject)
            session.expire_all()
            state = session.get_one(SubjectState, subject)
            state.fault, state.fault_at = f"{type(error).__name__}: {error}"[:2000], now
            _put_off(state, positioned)
            return False


def _has_news(session: Session, place: StreamPosition, now: datetime) -> bool:
    newer = select(Report.id).where(Report.bureau_id == place.bureau_id, col(Report.id) > place.position).limit(1)
    return session.exec(newer).first() is not None or bool(_to_revise(session, place.bureau_id, now))


def _lock(session: Session, bureau_id: int) -> StreamPosition | None:
    """The bureau's place in the stream, held until the transaction ends; None when somebody else holds it."""
    statement = select(StreamPosition).where(StreamPosition.bureau_id == bureau_id)
    return session.exec(statement.with_for_update(skip_locked=True)).first()


def _next_reports(session: Session, place: StreamPosition, limit: int) -> tuple[list[int], Sequence[Any], Sequence[Any]]:
    """Ids, what the phones say of themselves, and the columns of the next reports, in order of commit."""
    r: Any = Report.__table__  # type: ignore[attr-defined]
    columns = (r.c.id, *phones.SELECTED, *SELECTED)
    statement = select(*columns).where(r.c.bureau_id == place.bureau_id, r.c.id > place.position)  # type: ignore[call-overload]
    found = session.execute(statement.order_by(r.c.id).limit(limit)).all()
    cut = 1 + len(phones.SELECTED)
    return [row[0] for row in found], [row[1:cut] for row in found], [row[cut:] for row in found]


def _to_revise(session: Session, bureau_id: int, now: datetime) -> list[int]:
    """Subjects for whom a new derivation was asked, those set aside only when it is time to try again."""
    s = SubjectState
    asked = select(s).where(s.bureau_id == bureau_id, col(s.revise_from).is_not(None))
    return [state.subject_id for state in session.exec(asked) if state.fault is None or _may_retry(state, now)]


def _may_retry(state: SubjectState, now: datetime) -> bool:
    return state.fault_at is None or state.fault_at + RETRY_AFTER <= now


def _states(session: Session, subjects: Sequence[int]) -> dict[int, SubjectState]:
    found = session.exec(select(SubjectState).where(col(SubjectState.subject_id).in_(subjects)).order_by(col(SubjectState.subject_id)))
    return {state.subject_id: state for state in found}


def _put_off(state: SubjectState, positioned: Reports) -> None:
    """Remember from where on a subject that is set aside must be derived, once that works again."""
    mine = positioned.fix_us[positioned.subject == state.subject_id]
    asked: Iterable[int] = [int(mine.min())] if len(mine) else []
    known = [to_us(state.revise_from)] if state.revise_from is not None else []
    if moments := [*asked, *known]:
        state.revise_from = from_us(min(moments))
