"""Violations as listings show them, with the names that a reader needs, and the order of the queue. No locations."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, case, literal, or_, tuple_
from sqlalchemy.orm import aliased, defer
from sqlmodel import Session, col, select

from corrections.domain.model import ReviewState, Rule, Severity, ZoneKind, from_us, to_us
from corrections.errors import Invalid
from corrections.review.assignment import OPEN
from corrections.store.access import Actor
from corrections.store.tables import Office, Officer, Subject, Violation, ViolationWatch, Zone
from corrections.store.types import UTCDateTime


@dataclass(frozen=True, slots=True)
class QueueItem:
    """One violation in a listing. ``urgent`` is a breach in progress at an exclusion zone; ``claimed_until`` is when the claim runs out;
    ``escalated_to`` answers for it besides its owner; ``matter_id`` is shared by what was open of one subject at a time; ``watched``:
    by the reader."""

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
    claimed_until: datetime | None
    escalation: int
    escalated_to: int | None
    escalated_to_name: str | None
    matter_id: int
    watched: bool
    decision: str | None
    cause: str | None
    decided_by: int | None
    decided_by_name: str | None
    decided_at: datetime | None
    reason_zh: str
    reason_en: str


def attention() -> ColumnElement[bool]:
    """What asks for attention: open ones, and decided ones that later evidence changed."""
    v = Violation
    changed = and_(col(v.review_state) == ReviewState.DECIDED.value, col(v.new_evidence).is_(True))
    return or_(col(v.review_state).in_(OPEN), changed)


def mine(officer_id: int) -> ColumnElement[bool]:
    """What an officer owns, holds, decided or answers for since it was escalated, and what nobody owns."""
    v = Violation
    hers = [col(column) == officer_id for column in (v.officer_id, v.claimed_by, v.decided_by, v.escalated_to)]
    return or_(*hers, col(v.officer_id).is_(None))


def urgent() -> ColumnElement[bool]:
    """A breach in progress at an exclusion zone, over Violation joined to Zone."""
    v = Violation
    at_exclusion = and_(col(v.rule) == Rule.BOUNDARY.value, col(Zone.kind) == ZoneKind.EXCLUSION.value)
    return and_(at_exclusion, col(v.ended_at).is_(None), col(v.review_state).in_(OPEN))


def order() -> tuple[Any, ...]:
    """What the queue is sorted by, over Violation joined to Zone: by consequence, which is a breach in progress at an exclusion zone before
    all else and then the severity, the gravest first; of the same consequence, by due time. Unique, so that it tells a place, too."""
    return pressing(), rank(), col(Violation.due_at), col(Violation.id)


def pressing() -> ColumnElement[int]:
    """0 for what is urgent, else 1, over Violation joined to Zone."""
    return case((urgent(), 0), else_=1)


def rank() -> ColumnElement[int]:
    """0 for the gravest severity, and so on."""
    return case({name.value: rank for rank, name in enumerate(reversed(Severity))}, value=col(Violation.severity))


def cursor(item: QueueItem) -> str:
    """The place of an item in the queue, as a page tells it."""
    graver = list(reversed(Severity)).index(Severity(item.severity))
    return f"{int(not item.urgent)}.{graver}.{to_us(item.due_at)}.{item.id}"


def place(after: str) -> ColumnElement[Any]:
    """A place in the queue, or among the matters, to be compared with its order. Raises Invalid."""
    if not re.fullmatch(r"[01]\.[0-3]\.\d{1,16}\.\d{1,18}", after):
        raise Invalid("after must be what the page before gave.", "after 应为上一页返回的值。", field="after")
    first, second, due_us, id_ = (int(part) for part in after.split("."))
    due = literal(from_us(due_us), UTCDateTime)
    return tuple_(literal(first, Integer), literal(second, Integer), due, literal(id_))


def rows(session: Session, conditions: Sequence[ColumnElement[bool]], limit: int | None) -> Sequence[Any]:
    """The first rows in order, with names (``limit`` None: all). The page is picked first and only then joined: a queue may be long."""
    v, owner, holder, decider, answering = Violation, aliased(Officer), aliased(Officer), aliased(Officer), aliased(Officer)
    ids = select(v.id).outerjoin(Zone, col(Zone.id) == col(v.zone_id)).where(*conditions).order_by(*order()).limit(limit).subquery()
    columns = (v, Subject, Office.name, Zone, urgent(), owner.name, holder.name, decider.name, answering.name)
    statement = (
        select(*columns)  # type: ignore[call-overload]
        .join(ids, ids.c.id == col(v.id))
        .join(Subject, col(Subject.id) == col(v.subject_id))
        .join(Office, col(Office.id) == col(v.office_id))
        .outerjoin(Zone, col(Zone.id) == col(v.zone_id))
        .outerjoin(owner, col(owner.id) == col(v.officer_id))
        .outerjoin(holder, col(holder.id) == col(v.claimed_by))
        .outerjoin(decider, col(decider.id) == col(v.decided_by))
        .outerjoin(answering, col(answering.id) == col(v.escalated_to))
        .order_by(*order())
        .options(defer(v.evidence))  # type: ignore[arg-type]
    )
    found: Sequence[Any] = session.exec(statement).all()
    return found


def shown(session: Session, found: Sequence[Any], actor: Actor | None, now: datetime) -> list[QueueItem]:
    """What ``rows`` found, as the actor is shown it."""
    watched: set[int] = set()
    if actor is not None and found:
        w = ViolationWatch
        hers = select(w.violation_id).where(w.officer_id == actor.officer_id)
        watched = set(session.exec(hers.where(col(w.violation_id).in_([row[0].id for row in found]))))
    return [_item(*row, watched=row[0].id in watched, now=now) for row in found]


def _item(
    v: Violation,
    subject: Subject,
    office: str,
    zone: Zone | None,
    presses: bool | None,
    owner: str | None,
    holder: str | None,
    decider: str | None,
    answering: str | None,
    *,
    watched: bool,
    now: datetime,
) -> QueueItem:
    same = {name: getattr(v, name) for name in QueueItem.__dataclass_fields__ if name in Violation.model_fields}
    return QueueItem(
        **same | {"zone_id": v.zone_id or None},
        subject_number=subject.number,
        subject_name=subject.name,
        minor=subject.minor,
        office_name=office,
        urgent=bool(presses),
        zone_code=zone.code if zone else None,
        zone_name=zone.name if zone else None,
        zone_kind=zone.kind if zone else None,
        overdue=v.review_state in OPEN and v.due_at <= now,
        officer_name=owner,
        claimed_by_name=holder,
        escalated_to_name=answering,
        watched=watched,
        decided_by_name=decider,
    )
