"""The queue as the monitor fills it and as officers read it.

The monitor raises, revises, withdraws and revives; whatever somebody has seen or decided is kept and marked, never erased.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from corrections.domain.model import ReviewState, Severity
from corrections.review.assignment import assignment_for
from corrections.review.events import EventKind, append
from corrections.settings import Due
from corrections.store.tables import ReviewEvent, Violation

SEEN = (ReviewState.CLAIMED.value, ReviewState.DECIDED.value)
TELLING = ("started_at", "opened_at", "ended_at", "severity")  # what is told of a violation that nobody has looked at yet


def raise_violation(session: Session, violation: Violation, due: Due, now: datetime) -> Violation:
    """Put a new violation in the queue of the officer it belongs to, due as its severity says.

    ``violation`` is filled in but not stored: bureau, office, subject, rule, nature, severity, zone, times, evidence, reasons.
    """
    chosen = assignment_for(session, violation, now)
    violation.review_state, violation.officer_id = ReviewState.QUEUED.value, chosen.officer_id
    violation.due_at = due_at(violation, due, now)
    session.add(violation)
    session.flush()
    append(session, violation, EventKind.DETECTED, {"rule": violation.rule, "severity": violation.severity}, now)
    append(session, violation, EventKind.ASSIGNED, {"to": chosen.officer_id, "why": chosen.why, "due_at": violation.due_at}, now)
    return violation


def revise(session: Session, violation: Violation, changes: Mapping[str, Any], now: datetime, *, note: str) -> None:
    """Apply what later evidence changed (``changes``: columns to their new values); nothing happens where nothing differs.

    One that is claimed or decided is marked ``new_evidence`` and keeps the old values in its history. One that waits in the queue
    gets an event only when its times or severity changed, with these alone: an episode that goes on is no news.
    """
    _lock(session, violation)
    differing = {key: value for key, value in changes.items() if getattr(violation, key) != value}
    if not differing:
        return
    seen = violation.review_state in SEEN
    told = [key for key in differing if seen or key in TELLING]
    content = {"note": note, "changes": {key: {"from": getattr(violation, key), "to": differing[key]} for key in told}}
    for key, value in differing.items():
        setattr(violation, key, value)
    violation.revision += 1
    violation.new_evidence = violation.new_evidence or seen
    if told:
        append(session, violation, EventKind.REVISED, content, now)


def withdraw(session: Session, violation: Violation, now: datetime, *, note: str) -> None:
    """Take back what later evidence does not bear out. One that is claimed or decided stays, marked, for a person to close."""
    _lock(session, violation)
    if violation.review_state == ReviewState.QUEUED:
        violation.review_state = ReviewState.WITHDRAWN.value
        violation.revision += 1
        append(session, violation, EventKind.WITHDRAWN, {"note": note}, now)
    elif violation.review_state in SEEN and _borne_out(session, violation):
        _mark(session, violation, borne_out=False, note=note, now=now)


def revive(session: Session, violation: Violation, due: Due, now: datetime) -> None:
    """Put a withdrawn violation that evidence bears out again back in the queue, assigned and due anew.

    One that was claimed or decided when it was taken back is marked again instead.
    """
    _lock(session, violation)
    if violation.review_state == ReviewState.WITHDRAWN:
        chosen = assignment_for(session, violation, now)
        violation.review_state, violation.officer_id = ReviewState.QUEUED.value, chosen.officer_id
        violation.due_at = due_at(violation, due, now)
        violation.revision += 1
        content = {"to": chosen.officer_id, "why": chosen.why, "due_at": violation.due_at}
        append(session, violation, EventKind.REVIVED, content, now)
    elif violation.review_state in SEEN and not _borne_out(session, violation):
        _mark(session, violation, borne_out=True, note="", now=now)


def due_at(violation: Violation, due: Due, now: datetime) -> datetime:
    """When a violation that enters the queue at ``now`` must be decided."""
    return now + timedelta(hours=due.hours(Severity(violation.severity)))


def _lock(session: Session, violation: Violation) -> None:
    """Hold the row and see it as it is: an officer may have taken a step since the monitor read it."""
    session.flush()  # a refresh drops what is not yet written
    session.refresh(violation, with_for_update=True)


def _borne_out(session: Session, violation: Violation) -> bool:
    """What its history last said: whether the evidence bears the violation out."""
    statement = select(ReviewEvent).where(ReviewEvent.violation_id == violation.id, ReviewEvent.kind == EventKind.REVISED.value)
    told = [event.content["borne_out"] for event in session.exec(statement.order_by(col(ReviewEvent.id))) if "borne_out" in event.content]
    return not told or bool(told[-1])


def _mark(session: Session, violation: Violation, *, borne_out: bool, note: str, now: datetime) -> None:
    violation.revision += 1
    violation.new_evidence = True
    append(session, violation, EventKind.REVISED, {"note": note, "borne_out": borne_out}, now)
