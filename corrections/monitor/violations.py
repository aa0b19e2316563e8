"""What the rules found, as violations: new ones into the queue, known ones extended or revised, unfounded ones taken back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from corrections.domain.episodes import Known, reconcile
from corrections.domain.model import CONDUCT, FOREVER_US, Episode, Nature, ReviewState, Rule, from_us, to_us
from corrections.review import queue
from corrections.settings import Due
from corrections.store.tables import Subject, Violation

LATER_EVIDENCE = "later evidence"
DEEPER = "deeper"
ENDED_BY_TIME = "ended by time"
NOT_BORNE_OUT = "later evidence does not bear it out"
# What changes while an episode only goes on: it is written, but it is no news and no new revision.
EXTENSION = {"last_fix_at", "evidence", "reason_zh", "reason_en", "ends_at"}
DEEPER_FACTOR, DEEPER_LEAST_M = 2.0, 500.0


def settle(
    session: Session,
    subject: Subject,
    derived: Sequence[Episode],
    rules: Collection[Rule],
    since_us: int,
    until_us: int,
    columns: Callable[[Episode], dict[str, Any]],
    due: Due,
    now: datetime,
) -> None:
    """Make a subject's stored violations of these rules those that ``derived`` says, for fix times after ``since_us`` and before
    ``until_us``. ``columns`` tells the columns of a violation from its episode."""
    stored = {v.id: v for v in _stored(session, subject, rules, since_us, until_us, derived) if v.id is not None}
    changes = reconcile([_known(key, v) for key, v in stored.items()], derived)
    for known, episode in changes.same:
        _update(session, stored[known.key], columns(episode), due, now)
    for known in changes.gone:
        if known.ended_us is None or known.ended_us > since_us:
            _take_back(session, stored[known.key], now)
    for episode in changes.new:
        queue.raise_violation(session, new_violation(subject, episode.rule, columns(episode), now), due, now)


def open_violation(session: Session, subject: Subject, rule: Rule) -> Violation | None:
    """The violation of a rule without a zone that is in progress, if there is one."""
    v = Violation
    statement = select(v).where(v.subject_id == subject.id, v.rule == rule.value, col(v.ended_at).is_(None))
    return session.exec(statement.where(v.review_state != ReviewState.WITHDRAWN.value)).first()


def close_ended(session: Session, now: datetime) -> int:
    """End the violations whose window, zone version or authority is over; returns how many."""
    v = Violation
    due = select(v).where(col(v.ended_at).is_(None), col(v.ends_at) <= now)
    found = session.exec(due.where(v.review_state != ReviewState.WITHDRAWN.value)).all()
    for violation in found:
        queue.revise(session, violation, {"ended_at": violation.ends_at}, now, note=ENDED_BY_TIME)
    return len(found)


def _stored(
    session: Session, subject: Subject, rules: Collection[Rule], since_us: int, until_us: int, derived: Sequence[Episode]
) -> Sequence[Violation]:
    """Violations that reach into the span, or that began with a derived episode and ended before it; withdrawn ones included
    (evidence may bear them out again)."""
    v = Violation
    statement = select(v).where(v.subject_id == subject.id, col(v.rule).in_([rule.value for rule in rules]))
    if until_us < FOREVER_US:
        statement = statement.where(v.started_at < from_us(until_us))
    if since_us > -FOREVER_US:
        began = [from_us(episode.started_us) for episode in derived]
        statement = statement.where(col(v.ended_at).is_(None) | (col(v.ended_at) > from_us(since_us)) | col(v.started_at).in_(began))
    return session.exec(statement.order_by(col(v.id))).all()


def _known(key: int, v: Violation) -> Known:
    return Known(key, Rule(v.rule), v.zone_id, to_us(v.started_at), None if v.ended_at is None else to_us(v.ended_at), v.other_id)


def _update(session: Session, stored: Violation, columns: Mapping[str, Any], due: Due, now: datetime) -> None:
    """1. Bring back what was taken back. 2. Write a mere extension quietly. 3. Revise for anything else, and for what is deeper."""
    if stored.review_state == ReviewState.WITHDRAWN:
        queue.revive(session, stored, due, now)
    differing = {name for name, value in columns.items() if getattr(stored, name) != value}
    before, after = _peak_m(stored.evidence), _peak_m(columns["evidence"])
    deeper = after >= DEEPER_FACTOR * before and after >= before + DEEPER_LEAST_M
    if differing <= EXTENSION and not deeper:
        for name in differing:
            setattr(stored, name, columns[name])
        session.flush()
    else:
        queue.revise(session, stored, columns, now, note=DEEPER if deeper else LATER_EVIDENCE)


def _take_back(session: Session, stored: Violation, now: datetime) -> None:
    """A violation that nobody has seen is withdrawn; one that somebody has seen stays, but no longer as in progress."""
    if stored.review_state == ReviewState.WITHDRAWN:
        return
    queue.withdraw(session, stored, now, note=NOT_BORNE_OUT)
    if stored.ended_at is None and stored.review_state != ReviewState.WITHDRAWN:
        queue.revise(session, stored, {"ended_at": stored.last_fix_at}, now, note=NOT_BORNE_OUT)


def _peak_m(evidence: Mapping[str, Any]) -> float:
    return float(evidence.get("peak_distance_m", 0.0))


def new_violation(subject: Subject, rule: Rule, columns: Mapping[str, Any], now: datetime) -> Violation:
    """A violation that is not yet stored, as the queue takes it."""
    assert subject.id is not None
    return Violation(
        bureau_id=subject.bureau_id,
        office_id=subject.office_id,
        subject_id=subject.id,
        rule=rule.value,
        nature=(Nature.CONDUCT if rule in CONDUCT else Nature.TECHNICAL).value,
        detected_at=now,
        **columns,
    )


def moment(us: int) -> datetime | None:
    """A time in µs as the store keeps it; None for one that never comes."""
    return None if us >= FOREVER_US else from_us(us)
