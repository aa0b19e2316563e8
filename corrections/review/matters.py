"""Matters: what is open of one subject at a time, shown and taken in hand as one. Each violation keeps its own history and decision."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, tuple_
from sqlmodel import Session, col, select

from corrections.domain.model import to_us
from corrections.errors import Conflict, Invalid, NotFound
from corrections.review import items, reviewing
from corrections.review.assignment import OPEN
from corrections.review.deadlines import Deadlines
from corrections.review.items import QueueItem
from corrections.review.queue import MOST_ROWS, reach_of
from corrections.review.reviewing import Answer, Means
from corrections.store.access import Action, Actor
from corrections.store.tables import Violation, Zone

Revisions = Mapping[int, int]
"""The revision of each open violation of a matter that was seen, by violation."""


@dataclass(frozen=True, slots=True)
class Matter:
    """What is open of a subject. ``due_at`` is the earliest of its open violations (None: none is open); ``items`` the most urgent first,
    those that are open before those that later evidence made worth another look."""

    id: int
    subject_id: int
    subject_number: str
    subject_name: str
    minor: bool
    office_id: int
    office_name: str
    urgent: bool
    due_at: datetime | None
    overdue: bool
    items: list[QueueItem]


@dataclass(frozen=True, slots=True)
class MatterPage:
    """Some matters and, where there are more, what to pass as ``after`` for the next."""

    items: list[Matter]
    after: str | None


def list_matters(
    session: Session, actor: Actor | None, *, mine: bool = False, limit: int = 100, after: str | None = None, now: datetime
) -> MatterPage:
    """The matters of open violations within the actor's reach: by their gravest consequence, then by what is due first.

    ``mine`` keeps those with an open violation that is the actor's or nobody's. Raises Invalid, Forbidden.
    """
    if not 1 <= limit <= MOST_ROWS:
        raise Invalid(f"limit must be 1 to {MOST_ROWS}.", f"limit 应为 1 至 {MOST_ROWS}。", field="limit")
    v = Violation
    order = (func.min(items.pressing()), func.min(items.rank()), func.min(col(v.due_at)), col(v.matter_id))
    statement: Any = select(*order).outerjoin(Zone, col(Zone.id) == col(v.zone_id))
    statement = statement.where(reach_of(actor), col(v.review_state).in_(OPEN)).group_by(col(v.matter_id))
    if mine and actor is not None:
        hers = select(v.matter_id).where(items.mine(actor.officer_id), col(v.review_state).in_(OPEN), reach_of(actor))
        statement = statement.where(col(v.matter_id).in_(hers))
    if after is not None:
        statement = statement.having(tuple_(*order) > items.place(after))
    found = session.exec(statement.order_by(*order).limit(limit + 1)).all()
    whole = _matters(session, actor, [row[3] for row in found[:limit]], now)
    return MatterPage(whole, _cursor(found[limit - 1]) if len(found) > limit else None)


def matter(session: Session, actor: Actor, matter_id: int, *, now: datetime) -> Matter:
    """One matter with all its violations that ask for attention. Raises Forbidden, NotFound (nothing of it does)."""
    actor.require(Action.REVIEW)
    found = _matters(session, actor, [matter_id], now)
    if not found:
        raise NotFound(f"There is no open matter {matter_id} in your offices.", f"您所在机构没有编号 {matter_id} 的待办事项。")
    return found[0]


def claim(session: Session, actor: Actor, matter_id: int, *, revisions: Revisions, deadlines: Deadlines, now: datetime) -> Matter:
    """Take all open violations of a matter in hand; all or none. Raises Conflict, Invalid, Forbidden, NotFound."""

    def one(violation: Violation, revision: int) -> None:
        reviewing.claim(session, actor, _id(violation), revision=revision, deadlines=deadlines, now=now)

    return _each(session, actor, matter_id, revisions, one, now)


def hand_over(session: Session, actor: Actor, matter_id: int, *, revisions: Revisions, to: int, reason: str, now: datetime) -> Matter:
    """Give all open violations of a matter to another officer; those that are hers already stay. Raises as ``reviewing.hand_over``."""

    def one(violation: Violation, revision: int) -> None:
        if violation.officer_id != to or violation.claimed_by not in (None, to):
            reviewing.hand_over(session, actor, _id(violation), revision=revision, to=to, reason=reason, now=now)

    return _each(session, actor, matter_id, revisions, one, now)


def contact(
    session: Session,
    actor: Actor,
    matter_id: int,
    *,
    revisions: Revisions,
    means: Means,
    whom: str,
    answer: Answer,
    text: str,
    deadlines: Deadlines,
    now: datetime,
) -> Matter:
    """Record one attempt to contact somebody at all open violations of a matter. Raises as ``reviewing.contact``."""
    told: dict[str, Any] = {"means": means, "whom": whom, "answer": answer, "text": text, "deadlines": deadlines, "now": now}

    def one(violation: Violation, revision: int) -> None:
        reviewing.contact(session, actor, _id(violation), revision=revision, **told)

    return _each(session, actor, matter_id, revisions, one, now)


def _each(
    session: Session, actor: Actor, matter_id: int, revisions: Revisions, step: Callable[[Violation, int], None], now: datetime
) -> Matter:
    """1. The open violations are those that were seen. 2. The step for each, by id, which checks its revision."""
    actor.require(Action.REVIEW)
    v = Violation
    statement = select(v).where(reach_of(actor), v.matter_id == matter_id, col(v.review_state).in_(OPEN))
    found = {_id(violation): violation for violation in session.exec(statement.order_by(col(v.id)))}
    if not found:
        matter(session, actor, matter_id, now=now)
        raise Conflict("Nothing of this matter is open any more.", "该事项已全部办结或撤回。", field="revisions")
    if set(found) != set(revisions):
        raise Conflict(
            "The matter has changed: name the revision of each of its open violations. Look at it again before you go on.",
            "该事项已有变化：须列出其中每条待办违规的版本。请刷新后再操作。",
            field="revisions",
        )
    for violation_id, violation in found.items():
        step(violation, revisions[violation_id])
    return matter(session, actor, matter_id, now=now)


def _matters(session: Session, actor: Actor | None, ids: Sequence[int], now: datetime) -> list[Matter]:
    """These matters, in this order, as far as something of them asks for attention."""
    if not ids:
        return []
    conditions = [reach_of(actor), items.attention(), col(Violation.matter_id).in_(list(ids))]
    shown = items.shown(session, items.rows(session, conditions, None), actor, now)
    by_matter: dict[int, list[QueueItem]] = {}
    for item in shown:
        by_matter.setdefault(item.matter_id, []).append(item)
    return [_matter(matter_id, by_matter[matter_id]) for matter_id in ids if matter_id in by_matter]


def _matter(matter_id: int, found: list[QueueItem]) -> Matter:
    found = sorted(found, key=lambda item: item.review_state not in OPEN)
    first, due = found[0], [item.due_at for item in found if item.review_state in OPEN]
    same = {name: getattr(first, name) for name in Matter.__dataclass_fields__ if name in QueueItem.__dataclass_fields__}
    same |= {"id": matter_id, "due_at": min(due, default=None), "items": found}
    return Matter(**same | {"urgent": any(item.urgent for item in found), "overdue": any(item.overdue for item in found)})


def _cursor(row: Any) -> str:
    return f"{row[0]}.{row[1]}.{to_us(row[2])}.{row[3]}"


def _id(violation: Violation) -> int:
    assert violation.id is not None
    return violation.id
