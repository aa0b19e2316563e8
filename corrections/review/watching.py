"""关注: an officer who wants to be told what happens to a violation that is not hers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col

from corrections.store.access import Action, Actor, violation_for
from corrections.store.tables import Violation, ViolationWatch


def watch(session: Session, actor: Actor, violation_id: int, *, now: datetime) -> Violation:
    """Be told of each later step of a violation; watching it already is no error. Raises Forbidden, NotFound."""
    violation = violation_for(session, actor, violation_id, Action.REVIEW)
    if session.get(ViolationWatch, (violation_id, actor.officer_id)) is None:
        session.add(ViolationWatch(violation_id=violation_id, officer_id=actor.officer_id, since=now))
        session.flush()
    return violation


def unwatch(session: Session, actor: Actor, violation_id: int) -> Violation:
    """Be told no more; not having watched it is no error. Raises Forbidden, NotFound."""
    violation = violation_for(session, actor, violation_id, Action.REVIEW)
    w = ViolationWatch
    session.execute(delete(w).where(col(w.violation_id) == violation_id, col(w.officer_id) == actor.officer_id))
    return violation
