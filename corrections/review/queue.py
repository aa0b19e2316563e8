"""The queue as the monitor fills it and as officers read it.

The monitor raises, revises, withdraws and revives; whatever somebody has seen or decided is kept and marked, never erased.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, case, func, literal, or_, tuple_
from sqlalchemy.orm import aliased, defer
from sqlmodel import Session, col, select

from corrections.domain.changes import Both
from corrections.domain.model import ReviewState, Rule, Severity, ZoneKind, from_us, to_us
from corrections.errors import Invalid
from corrections.review.assignment import OPEN, assignment_for
from corrections.review.events import EventKind, append, last_steps
from corrections.settings import Due
from corrections.store.access import Action, Actor, violation_for, within_reach
from corrections.store.tables import Office, Officer, ReviewEvent, Subject, Violation, Zone
from corrections.store.types import UTCDateTime

MOST_ROWS = 500
SEEN = (ReviewState.CLAIMED.value, ReviewState.DECIDED.value)
TELLING = ("started_at", "opened_at", "ended_at", "severity")  # what is told of a violation that nobody has looked at yet


# ---- as the monitor fills it


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


def revise(
    session: Session, violation: Violation, changes: Mapping[str, Any], now: datetime, *, note: str, told: Sequence[Both] = ()
) -> None:
    """Apply what later evidence changed (``changes``: columns to their new values); nothing happens where nothing differs. ``told``
    says it in plain words.

    One that is claimed or decided is marked ``new_evidence`` and keeps the old values in its history. One that waits in the queue
    gets an event only when its times or severity changed, with these alone, or when there is something to tell: an episode that goes
    on is no news.
    """
    _lock(session, violation)
    differing = {key: value for key, value in changes.items() if getattr(violation, key) != value}
    if not differing:
        return
    seen = violation.review_state in SEEN
    kept = [key for key in differing if seen or key in TELLING]
    content = {"note": note, "changes": {key: {"from": getattr(violation, key), "to": differing[key]} for key in kept}, **_in_words(told)}
    for key, value in differing.items():
        setattr(violation, key, value)
    violation.revision += 1
    violation.new_evidence = violation.new_evidence or seen
    if kept or told:
        append(session, violation, EventKind.REVISED, content, now)


def withdraw(session: Session, violation: Violation, now: datetime, *, note: str, told: Sequence[Both] = ()) -> None:
    """Take back what later evidence does not bear out. One that is claimed or decided stays, marked, for a person to close."""
    _lock(session, violation)
    if violation.review_state == ReviewState.QUEUED:
        violation.review_state = ReviewState.WITHDRAWN.value
        violation.revision += 1
        append(session, violation, EventKind.WITHDRAWN, {"note": note, **_in_words(told)}, now)
    elif violation.review_state in SEEN and is_borne_out(session, violation):
        _mark(session, violation, borne_out=False, note=note, told=told, now=now)


def revive(session: Session, violation: Violation, due: Due, now: datetime, *, told: Sequence[Both] = ()) -> None:
    """Put a withdrawn violation that evidence bears out again back in the queue, assigned and due anew.

    One that was claimed or decided when it was taken back is marked again instead.
    """
    _lock(session, violation)
    if violation.review_state == ReviewState.WITHDRAWN:
        chosen = assignment_for(session, violation, now)
        violation.review_state, violation.officer_id = ReviewState.QUEUED.value, chosen.officer_id
        violation.due_at = due_at(violation, due, now)
        violation.revision += 1
        content = {"to": chosen.officer_id, "why": chosen.why, "due_at": violation.due_at, **_in_words(told)}
        append(session, violation, EventKind.REVIVED, content, now)
    elif violation.review_state in SEEN and not is_borne_out(session, violation):
        _mark(session, violation, borne_out=True, note="", told=told, now=now)


def due_at(violation: Violation, due: Due, now: datetime) -> datetime:
    """When a violation that enters the queue at ``now`` must be decided."""
    return now + timedelta(hours=due.hours(Severity(violation.severity)))


def _lock(session: Session, violation: Violation) -> None:
    """Hold the row and see it as it is: an officer may have taken a step since the monitor read it."""
    session.flush()  # a refresh drops what is not yet written
    session.refresh(violation, with_for_update=True)


def is_borne_out(session: Session, violation: Violation) -> bool:
    """What its history last said: whether the evidence bears the violation out."""
    statement = select(ReviewEvent).where(ReviewEvent.violation_id == violation.id, ReviewEvent.kind == EventKind.REVISED.value)
    told = [event.content["borne_out"] for event in session.exec(statement.order_by(col(ReviewEvent.id))) if "borne_out" in event.content]
    return not told or bool(told[-1])


def _mark(session: Session, violation: Violation, *, borne_out: bool, note: str, told: Sequence[Both], now: datetime) -> None:
    violation.revision += 1
    violation.new_evidence = True
    append(session, violation, EventKind.REVISED, {"note": note, "borne_out": borne_out, **_in_words(told)}, now)


def _in_words(told: Sequence[Both]) -> dict[str, Any]:
    """The sentences as an event keeps them; nothing where there are none."""
    return {"told": {"zh": [zh for zh, _ in told], "en": [en for _, en in told]}} if told else {}


# ---- as officers read it; no locations


@dataclass(frozen=True, slots=True)
class QueueItem:
    """One violation in a listing, with the names that a reader needs. ``held_since`` is when the officer who claimed it last did
    something about it; ``urgent`` is a breach in progress at an exclusion zone."""

    id: int
    revision: int
    subject_id: int
    subject_number: str
    subject_name: str
    minor: bool
    office_id: int
    office_name: str
    rule: str
    nature: str
    severity: str
    urgent: bool
    zone_id: int | None
    zone_code: str | None
    zone_name: str | None
    zone_kind: str | None
    started_at: datetime
    opened_at: datetime
    ended_at: datetime | None
    last_fix_at: datetime
    detected_at: datetime
    due_at: datetime
    overdue: bool
    new_evidence: bool
    review_state: str
    officer_id: int | None
    officer_name: str | None
    claimed_by: int | None
    claimed_by_name: str | None
    held_since: datetime | None
    decision: str | None
    cause: str | None
    decided_by: int | None
    decided_by_name: str | None
    decided_at: datetime | None
    reason_zh: str
    reason_en: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some items and, where there are more, what to pass as ``after`` for the next."""

    items: list[QueueItem]
    after: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a violation's history. ``officer_name`` None is the service itself."""

    id: int
    at: datetime
    kind: str
    officer_id: int | None
    officer_name: str | None
    content: dict[str, Any]


def list_queue(
    session: Session,
    actor: Actor | None,
    *,
    mine: bool = False,
    state: ReviewState | None = None,
    subject_id: int | None = None,
    limit: int = 100,
    after: str | None = None,
    now: datetime,
) -> Page:
    """Violations within the actor's reach: breaches in progress at an exclusion zone first, then by severity, then by due time.

    ``state`` None is what asks for attention: queued, claimed, and decided ones that later evidence changed. ``mine`` keeps what
    the actor owns, holds or decided, and what has no owner. Raises Invalid, Forbidden.
    """
    if not 1 <= limit <= MOST_ROWS:
        raise Invalid(f"limit must be 1 to {MOST_ROWS}.", f"limit 应为 1 至 {MOST_ROWS}。", field="limit")
    conditions = [_reach(actor), _attention() if state is None else col(Violation.review_state) == state.value]
    if mine and actor is not None:
        conditions.append(_mine(actor.officer_id))
    if subject_id is not None:
        conditions.append(col(Violation.subject_id) == subject_id)
    if after is not None:
        conditions.append(tuple_(*_order()) > _place(after))
    rows = _rows(session, conditions, limit + 1)
    more = len(rows) > limit
    items = _items(session, rows[:limit], now)
    return Page(items, _cursor(items[-1]) if more else None)


def queue_item(session: Session, actor: Actor, violation_id: int, *, now: datetime) -> QueueItem:
    """One violation as a listing shows it. Raises Forbidden, NotFound."""
    violation_for(session, actor, violation_id, Action.REVIEW)
    return _items(session, _rows(session, [col(Violation.id) == violation_id], 1), now)[0]


def history(session: Session, actor: Actor, violation_id: int, *, with_evidence: bool = False) -> list[Step]:
    """What happened to a violation, oldest first. Old and new evidence holds positions: it is left out unless the caller has
    audited the read and asks for it. Raises Forbidden, NotFound."""
    violation_for(session, actor, violation_id, Action.REVIEW)
    statement = select(ReviewEvent, Officer.name).outerjoin(Officer, col(Officer.id) == col(ReviewEvent.officer_id))
    events = session.exec(statement.where(ReviewEvent.violation_id == violation_id).order_by(col(ReviewEvent.id))).all()
    return [
        Step(
            event.id or 0, event.at, event.kind, event.officer_id, name, event.content if with_evidence else _without_places(event.content)
        )
        for event, name in events
    ]


def sizes(session: Session) -> dict[str, int]:
    """How many violations are open, by state, over all bureaus."""
    statement = select(Violation.review_state, func.count()).where(col(Violation.review_state).in_(OPEN))
    counted: dict[str, int] = dict(session.exec(statement.group_by(col(Violation.review_state))).all())
    return {state: counted.get(state, 0) for state in OPEN}


def _reach(actor: Actor | None) -> ColumnElement[bool]:
    if actor is None:
        return literal(True)
    actor.require(Action.REVIEW)
    return within_reach(actor, Violation)


def _attention() -> ColumnElement[bool]:
    v = Violation
    changed = and_(col(v.review_state) == ReviewState.DECIDED.value, col(v.new_evidence).is_(True))
    return or_(col(v.review_state).in_(OPEN), changed)


def _mine(officer_id: int) -> ColumnElement[bool]:
    v = Violation
    hers = [col(column) == officer_id for column in (v.officer_id, v.claimed_by, v.decided_by)]
    return or_(*hers, col(v.officer_id).is_(None))


def _urgent() -> ColumnElement[bool]:
    v = Violation
    at_exclusion = and_(col(v.rule) == Rule.BOUNDARY.value, col(Zone.kind) == ZoneKind.EXCLUSION.value)
    return and_(at_exclusion, col(v.ended_at).is_(None), col(v.review_state).in_(OPEN))


def _order() -> tuple[Any, ...]:
    """What the queue is sorted by, over Violation joined to Zone; unique, so that it also tells a place in the queue."""
    severity = case({name.value: rank for rank, name in enumerate(reversed(Severity))}, value=col(Violation.severity))
    return case((_urgent(), 0), else_=1), severity, col(Violation.due_at), col(Violation.id)


def _cursor(item: QueueItem) -> str:
    rank = list(reversed(Severity)).index(Severity(item.severity))
    return f"{int(not item.urgent)}.{rank}.{to_us(item.due_at)}.{item.id}"


def _place(after: str) -> ColumnElement[Any]:
    if not re.fullmatch(r"[01]\.[0-3]\.\d{1,16}\.\d{1,18}", after):
        raise Invalid("after must be what the page before gave.", "after 应为上一页返回的值。", field="after")
    urgent, severity, due_us, id_ = (int(part) for part in after.split("."))
    due = literal(from_us(due_us), UTCDateTime)
    return tuple_(literal(urgent, Integer), literal(severity, Integer), due, literal(id_))


def _rows(session: Session, conditions: Sequence[ColumnElement[bool]], limit: int) -> Sequence[Any]:
    """The first rows in order, with names. The page is picked first and only then joined: a queue may be long."""
    v, owner, holder, decider = Violation, aliased(Officer), aliased(Officer), aliased(Officer)
    ids = select(v.id).outerjoin(Zone, col(Zone.id) == col(v.zone_id)).where(*conditions).order_by(*_order()).limit(limit).subquery()
    columns = (v, Subject, Office.name, Zone, _urgent(), owner.name, holder.name, decider.name)
    statement = (
        select(*columns)  # type: ignore[call-overload]
        .join(ids, ids.c.id == col(v.id))
        .join(Subject, col(Subject.id) == col(v.subject_id))
        .join(Office, col(Office.id) == col(v.office_id))
        .outerjoin(Zone, col(Zone.id) == col(v.zone_id))
        .outerjoin(owner, col(owner.id) == col(v.officer_id))
        .outerjoin(holder, col(holder.id) == col(v.claimed_by))
        .outerjoin(decider, col(decider.id) == col(v.decided_by))
        .order_by(*_order())
        .options(defer(v.evidence))  # type: ignore[arg-type]
    )
    rows: Sequence[Any] = session.exec(statement).all()
    return rows


def _items(session: Session, rows: Sequence[Any], now: datetime) -> list[QueueItem]:
    held = last_steps(session, [row[0] for row in rows])
    return [_item(*row, held_since=held.get(row[0].id), now=now) for row in rows]


def _item(
    v: Violation,
    subject: Subject,
    office: str,
    zone: Zone | None,
    urgent: bool | None,
    owner: str | None,
    holder: str | None,
    decider: str | None,
    *,
    held_since: datetime | None,
    now: datetime,
) -> QueueItem:
    same = {name: getattr(v, name) for name in QueueItem.__dataclass_fields__ if name in Violation.model_fields}
    return QueueItem(
        **same | {"zone_id": v.zone_id or None},
        subject_number=subject.number,
        subject_name=subject.name,
        minor=subject.minor,
        office_name=office,
        urgent=bool(urgent),
        zone_code=zone.code if zone else None,
        zone_name=zone.name if zone else None,
        zone_kind=zone.kind if zone else None,
        overdue=v.review_state in OPEN and v.due_at <= now,
        officer_name=owner,
        claimed_by_name=holder,
        held_since=held_since,
        decided_by_name=decider,
    )


def _without_places(content: Mapping[str, Any]) -> dict[str, Any]:
    changes = content.get("changes")
    if not isinstance(changes, Mapping):
        return dict(content)
    return {**content, "changes": {key: value for key, value in changes.items() if key != "evidence"}}
