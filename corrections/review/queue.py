"""The queue as the monitor fills it and as officers read it.

The monitor raises, revises, withdraws and revives; whatever somebody has seen or decided is kept and marked, never erased.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, func, literal, tuple_
from sqlmodel import Session, col, select

from corrections.domain.changes import Both
from corrections.domain.deadlines import Rank
from corrections.domain.model import Nature, NoticeKind, ReviewState, Rule, Severity
from corrections.errors import Invalid
from corrections.review import escalation, items, telling
from corrections.review.assignment import OPEN, assignment_for
from corrections.review.deadlines import Deadlines
from corrections.review.events import EventKind, append
from corrections.review.items import QueueItem
from corrections.store.access import Action, Actor, violation_for, within_reach
from corrections.store.tables import Officer, ReviewEvent, Violation, ViolationWatch

MOST_ROWS = 500
SEEN = (ReviewState.CLAIMED.value, ReviewState.DECIDED.value)
TELLING = ("started_at", "opened_at", "ended_at", "severity", "due_at")  # what is told of a violation that nobody has looked at yet
OVER: Mapping[str, Any] = {"claimed_by": None, "claimed_until": None, "remind_at": None, "escalate_at": None}
"""The columns of one about which nothing is due any more."""


# ---- as the monitor fills it


def raise_violation(session: Session, violation: Violation, deadlines: Deadlines, now: datetime) -> Violation:
    """Put a new violation in the queue of the officer it belongs to, due as its severity says, and tell her.

    ``violation`` is filled in but not stored: bureau, office, subject, rule, nature, severity, zone, times, evidence, reasons. It joins
    the matter of what is open of the subject, else begins one. Where there is nobody to take it, the bureau is told at once.
    """
    _set(violation, anew(session, violation, deadlines, now))
    session.add(violation)
    session.flush()
    assert violation.id is not None
    violation.matter_id = violation.matter_id or violation.id
    append(session, violation, EventKind.DETECTED, {"rule": violation.rule, "severity": violation.severity}, now)
    append(session, violation, EventKind.ASSIGNED, _assigned(violation), now)
    announce(session, violation, deadlines, now)
    return violation


def anew(session: Session, violation: Violation, deadlines: Deadlines, now: datetime) -> dict[str, Any]:
    """The columns of a violation that enters the queue at ``now``, for the first time or again: its state, its moments, whose it is, the
    matter of what else is open of the subject. One that is nobody's goes up at once."""
    moments = deadlines.plan(session, violation, now)
    chosen = assignment_for(session, violation, deadlines, now, due_at=moments.due_at)
    return {
        "review_state": ReviewState.QUEUED.value,
        "claimed_by": None,
        "claimed_until": None,
        "officer_id": chosen.officer_id,
        "assigned_why": chosen.why.value,
        "due_at": moments.due_at,
        "remind_at": moments.remind_at,
        "escalation": 0,
        "escalated_to": None,
        "escalate_at": now if chosen.officer_id is None else moments.escalate_at(Rank.DEPUTY),
        "matter_id": _open_matter(session, violation) or violation.matter_id,
    }


def announce(session: Session, violation: Violation, deadlines: Deadlines, now: datetime) -> None:
    """Tell whose a violation is that has entered the queue; where it is nobody's, it goes up."""
    telling.tell_owner(session, violation, NoticeKind.ASSIGNED, now)
    escalation.climb(session, violation, deadlines, now)


def revise(
    session: Session,
    violation: Violation,
    changes: Mapping[str, Any],
    now: datetime,
    *,
    note: str,
    told: Sequence[Both] = (),
    deadlines: Deadlines | None = None,
) -> None:
    """Apply what later evidence changed (``changes``: columns to their new values); nothing happens where nothing differs. ``told``
    says it in plain words. Where an open one becomes graver, it is due sooner by ``deadlines``.

    One that is claimed or decided is marked ``new_evidence`` and keeps the old values in its history. One that waits in the queue
    gets an event only when its times or severity changed, with these alone, or when there is something to tell: an episode that goes
    on is no news.
    """
    _lock(session, violation)
    differing = {key: value for key, value in changes.items() if getattr(violation, key) != value}
    if not differing:
        return
    seen = violation.review_state in SEEN
    before = {key: getattr(violation, key) for key in (*differing, "due_at")}
    for key, value in differing.items():
        setattr(violation, key, value)
    if deadlines is not None and violation.review_state in OPEN and _graver(before.get("severity"), violation.severity):
        _hasten(session, violation, deadlines, now)
    changed = {key: was for key, was in before.items() if getattr(violation, key) != was and (seen or key in TELLING)}
    content = {"note": note, "changes": {key: {"from": was, "to": getattr(violation, key)} for key, was in changed.items()}}
    violation.revision += 1
    violation.new_evidence = violation.new_evidence or seen
    if changed or told:
        append(session, violation, EventKind.REVISED, {**content, **_in_words(told)}, now)


def withdraw(session: Session, violation: Violation, now: datetime, *, note: str, told: Sequence[Both] = ()) -> None:
    """Take back what later evidence does not bear out. One that is claimed or decided stays, marked, for a person to close."""
    _lock(session, violation)
    if violation.review_state == ReviewState.QUEUED:
        violation.review_state = ReviewState.WITHDRAWN.value
        _set(violation, OVER)
        violation.revision += 1
        append(session, violation, EventKind.WITHDRAWN, {"note": note, **_in_words(told)}, now)
        telling.end(session, violation, telling.REVIEW, now)
        telling.tell_watchers(session, violation, EventKind.WITHDRAWN, now)
    elif violation.review_state in SEEN and is_borne_out(session, violation):
        _mark(session, violation, borne_out=False, note=note, told=told, now=now)


def revive(session: Session, violation: Violation, deadlines: Deadlines, now: datetime, *, told: Sequence[Both] = ()) -> None:
    """Put a withdrawn violation that evidence bears out again back in the queue, assigned and due anew.

    One that was claimed or decided when it was taken back is marked again instead.
    """
    _lock(session, violation)
    if violation.review_state == ReviewState.WITHDRAWN:
        _set(violation, anew(session, violation, deadlines, now))
        violation.revision += 1
        append(session, violation, EventKind.REVIVED, {**_assigned(violation), **_in_words(told)}, now)
        announce(session, violation, deadlines, now)
    elif violation.review_state in SEEN and not is_borne_out(session, violation):
        _mark(session, violation, borne_out=True, note="", told=told, now=now)


def _set(violation: Violation, columns: Mapping[str, Any]) -> None:
    for name, value in columns.items():
        setattr(violation, name, value)


def _assigned(violation: Violation) -> dict[str, Any]:
    return {"to": violation.officer_id, "why": violation.assigned_why, "due_at": violation.due_at}


def _hasten(session: Session, violation: Violation, deadlines: Deadlines, now: datetime) -> None:
    """One that has become graver is due as if it came up now, unless it was due sooner, and whoever has it in hand is told; what follows
    from that, as its severity says."""
    moments = deadlines.plan(session, violation, now)
    if moments.due_at < violation.due_at:
        violation.due_at, violation.remind_at = moments.due_at, moments.remind_at
        if (holder := violation.claimed_by or violation.officer_id) is not None:
            telling.tell(session, violation, NoticeKind.DUE_SOON, telling.due_text(session, violation), holder, now)
    if violation.escalation < Rank.BUREAU:
        moments = deadlines.towards(session, violation, now)
        violation.escalate_at = moments.escalate_at(Rank(violation.escalation + 1))


def _graver(before: str | None, after: str) -> bool:
    ranks = [severity.value for severity in Severity]
    return before is not None and ranks.index(after) > ranks.index(before)


def _open_matter(session: Session, violation: Violation) -> int | None:
    """The matter of what is open of the subject already; None: nothing is."""
    v = Violation
    statement = select(v.matter_id).where(v.subject_id == violation.subject_id, col(v.review_state).in_(OPEN))
    return session.exec(statement.order_by(col(v.matter_id)).limit(1)).first()


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
    watched: bool = False,
    state: ReviewState | None = None,
    subject_id: int | None = None,
    severity: Severity | None = None,
    nature: Nature | None = None,
    rule: Rule | None = None,
    going_on: bool = False,
    limit: int = 100,
    after: str | None = None,
    now: datetime,
) -> Page:
    """Violations within the actor's reach, by consequence and then due time: breaches in progress at an exclusion zone first, then the
    gravest, of the same severity what is due first.

    ``state`` None is what asks for attention: queued, claimed, and decided ones that later evidence changed. ``mine`` keeps what
    the actor owns, holds, decided or answers for since it was escalated, and what has no owner; ``watched`` what she watches;
    ``going_on`` what has not ended. Raises Invalid, Forbidden.
    """
    if not 1 <= limit <= MOST_ROWS:
        raise Invalid(f"limit must be 1 to {MOST_ROWS}.", f"limit 应为 1 至 {MOST_ROWS}。", field="limit")
    conditions = [reach_of(actor), items.attention() if state is None else col(Violation.review_state) == state.value]
    if mine and actor is not None:
        conditions.append(items.mine(actor.officer_id))
    if watched and actor is not None:
        hers = select(ViolationWatch.violation_id).where(ViolationWatch.officer_id == actor.officer_id)
        conditions.append(col(Violation.id).in_(hers))
    if subject_id is not None:
        conditions.append(col(Violation.subject_id) == subject_id)
    if severity is not None:
        conditions.append(col(Violation.severity) == severity.value)
    if nature is not None:
        conditions.append(col(Violation.nature) == nature.value)
    if rule is not None:
        conditions.append(col(Violation.rule) == rule.value)
    if going_on:
        conditions.append(col(Violation.ended_at).is_(None))
    if after is not None:
        conditions.append(tuple_(*items.order()) > items.place(after))
    rows = items.rows(session, conditions, limit + 1)
    found = items.shown(session, rows[:limit], actor, now)
    return Page(found, items.cursor(found[-1]) if len(rows) > limit else None)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many ask for attention; how many of them are overdue, are nobody's, or are about somebody who is out of contact now."""

    waiting: int
    overdue: int
    nobodys: int
    silent: int


def counts(session: Session, actor: Actor, *, mine: bool, now: datetime) -> Counts:
    """Of what ``list_queue`` lists. Raises Forbidden."""
    v = Violation
    conditions = [reach_of(actor), items.attention()]
    if mine:
        conditions.append(items.mine(actor.officer_id))
    late = (col(v.due_at) <= now) & col(v.review_state).in_(OPEN)
    silent = (col(v.rule) == Rule.SILENCE.value) & col(v.ended_at).is_(None)
    parts = [func.sum(case((which, 1), else_=0)) for which in (late, col(v.officer_id).is_(None), silent)]
    counted = session.execute(select(func.count(), *parts).select_from(v).where(*conditions)).one()
    return Counts(*(n or 0 for n in counted))


def queue_item(session: Session, actor: Actor, violation_id: int, *, now: datetime) -> QueueItem:
    """One violation as a listing shows it. Raises Forbidden, NotFound."""
    violation_for(session, actor, violation_id, Action.REVIEW)
    return items.shown(session, items.rows(session, [col(Violation.id) == violation_id], 1), actor, now)[0]


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


def reach_of(actor: Actor | None) -> ColumnElement[bool]:
    """The violations within the actor's reach; None: the operator's, which is all. Raises Forbidden."""
    if actor is None:
        return literal(True)
    actor.require(Action.REVIEW)
    return within_reach(actor, Violation)


def _without_places(content: Mapping[str, Any]) -> dict[str, Any]:
    changes = content.get("changes")
    if not isinstance(changes, Mapping):
        return dict(content)
    return {**content, "changes": {key: value for key, value in changes.items() if key != "evidence"}}
