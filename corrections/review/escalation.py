"""What becomes of a violation that nobody decides: its owner is reminded, it goes up level by level, and a claim that lies runs out.

Each moment is a column of the violation. What is done bears the moment at which it was due, so that a late run hides nothing; it changes
no revision, so that it takes nobody's page from her.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from corrections.domain.deadlines import Rank
from corrections.domain.model import NoticeKind, ReviewState, Role
from corrections.review import notices, telling
from corrections.review.assignment import OPEN, assignment_for, may_take
from corrections.review.deadlines import Deadlines
from corrections.review.events import EventKind, append
from corrections.review.roster import absences, deputy_of
from corrections.settings import Settings
from corrections.store.tables import Office, Officer, Violation

RANKS = {
    Rank.DEPUTY: ("已上报代理人", "it has gone up to the deputy"),
    Rank.OFFICE_HEAD: ("已上报司法所所长", "it has gone up to the office head"),
    Rank.BUREAU: ("已上报区司法局", "it has gone up to the bureau"),
}
TO_YOU = ("现上报给您", "it has gone up to you")
STILL = ("仍未办结", "it still waits")


def remind_due(session: Session, settings: Settings, now: datetime) -> int:
    """Remind the officers in whose hands a violation is that it must be decided soon; returns how many were reminded of.

    Safe to run twice, by two processes, or late: each is reminded of once, as of its moment.
    """
    due = _due(session, col(Violation.remind_at) <= now, col(Violation.remind_at))
    for violation in due:
        assert violation.remind_at is not None
        holder = violation.claimed_by or violation.officer_id
        if holder is not None:
            text = telling.due_text(session, violation)
            notice = telling.tell(session, violation, NoticeKind.DUE_SOON, text, holder, violation.remind_at)
            notices.tell_of(session, violation, notice, violation.remind_at)
        violation.remind_at = None
    session.flush()
    return len(due)


def escalate_due(session: Session, settings: Settings, now: datetime) -> int:
    """Take up what was not decided in time: to the deputy, the office head, the bureau; and tell the bureau again while it waits.
    Returns how many violations went up or were told of again.

    Safe to run twice, by two processes, or late: each level is taken once, in order, as of its own moment; what was missed of telling
    again is told once. Rows that somebody is working on wait for the next call.
    """
    deadlines = Deadlines.of(settings)
    due = _due(session, col(Violation.escalate_at) <= now, col(Violation.escalate_at))
    for violation in due:
        climb(session, violation, deadlines, now)
    return len(due)


def release_expired(session: Session, settings: Settings, now: datetime) -> int:
    """Put claims whose lease ran out back in their owners' queues; returns how many.

    Safe to run twice, by two processes, or late: the event bears the moment at which the lease ran out.
    """
    deadlines = Deadlines.of(settings)
    due = _due(session, col(Violation.claimed_until) <= now, col(Violation.claimed_until))
    for violation in due:
        holder, ran_out = violation.claimed_by, violation.claimed_until
        assert ran_out is not None
        violation.review_state, violation.claimed_by, violation.claimed_until = ReviewState.QUEUED.value, None, None
        if violation.officer_id is None:
            chosen = assignment_for(session, violation, deadlines, now)
            violation.officer_id, violation.assigned_why = chosen.officer_id, chosen.why.value
        violation.revision += 1
        append(session, violation, EventKind.RELEASED, {"from": holder, "to": violation.officer_id, "ran_out": True}, ran_out)
        telling.tell_owner(session, violation, NoticeKind.ASSIGNED, ran_out)
        telling.tell_watchers(session, violation, EventKind.RELEASED, ran_out)
    return len(due)


def climb(session: Session, violation: Violation, deadlines: Deadlines, now: datetime) -> None:
    """Take a violation up to every level that is due, and store when the next one is."""
    while violation.escalate_at is not None and violation.escalate_at <= now:
        if violation.escalation < Rank.BUREAU:
            _up(session, violation, deadlines, violation.escalate_at, now)
        else:
            _again(session, violation, deadlines, violation.escalate_at, now)
    session.flush()


def _due(session: Session, when: Any, at: Any) -> Sequence[Violation]:
    """Open violations for which a moment has come, locked."""
    statement = select(Violation).where(when, col(Violation.review_state).in_(OPEN)).order_by(at, col(Violation.id))
    return session.exec(statement.with_for_update(skip_locked=True)).all()


def _up(session: Session, violation: Violation, deadlines: Deadlines, at: datetime, now: datetime) -> None:
    """One level up, passing over those that have nobody but her who has it already; the last one is reached in any case."""
    involved = {violation.claimed_by, violation.officer_id, violation.escalated_to}
    for rank in Rank:
        if rank <= violation.escalation:
            continue
        person = next((who for who in _of_rank(session, violation, rank, now) if who not in involved), None)
        if person is not None or rank is Rank.BUREAU:
            break
    skipped = list(range(violation.escalation + 1, rank))
    violation.escalation, violation.escalated_to = rank.value, person or violation.escalated_to
    content = {"level": rank.value, "to": person, "skipped": skipped, "due_at": violation.due_at}
    append(session, violation, EventKind.ESCALATED, content, at)
    _tell(session, violation, rank, person, at)
    if rank is Rank.BUREAU:
        violation.escalate_at = deadlines.told_again(session, violation, at, at)
    else:
        violation.escalate_at = max(deadlines.towards(session, violation, now).escalate_at(Rank(rank + 1)), at)


def _again(session: Session, violation: Violation, deadlines: Deadlines, at: datetime, now: datetime) -> None:
    """The bureau is told again of what it was told of already; once, however many such moments were missed."""
    person = next(iter(_of_rank(session, violation, Rank.BUREAU, now)), None)
    append(session, violation, EventKind.ESCALATED, {"level": Rank.BUREAU.value, "to": person, "again": True}, at)
    text = telling.overdue_text(session, violation, STILL)
    telling.end(session, violation, (NoticeKind.ESCALATED,), at)
    telling.tell(session, violation, NoticeKind.ESCALATED, text, person, at)
    violation.escalate_at = deadlines.told_again(session, violation, at, now)


def _tell(session: Session, violation: Violation, rank: Rank, person: int | None, at: datetime) -> None:
    """Tell her to whom it goes up, the officers in whose hands it is, and those who watch it."""
    telling.end(session, violation, (NoticeKind.DUE_SOON,), at)
    holders = {violation.claimed_by or violation.officer_id, violation.officer_id} - {None, person}
    for holder in sorted(holder for holder in holders if holder is not None):
        telling.tell(session, violation, NoticeKind.ESCALATED, telling.overdue_text(session, violation, RANKS[rank]), holder, at)
    telling.tell(session, violation, NoticeKind.ESCALATED, telling.overdue_text(session, violation, TO_YOU), person, at)
    telling.tell_watchers(session, violation, EventKind.ESCALATED, at, but={*holders, person})


def _of_rank(session: Session, violation: Violation, rank: Rank, now: datetime) -> list[int]:
    """Who stands for a level and may decide: those who are there, by id; at the last level those who are absent, too, after them."""
    candidates = [who for who in _candidates(session, violation, rank, now) if may_take(session, who, violation, now) is not None]
    away = absences(session, now, candidates)
    there = [who for who in candidates if who not in away]
    return there + [who for who in candidates if who in away] if rank is Rank.BUREAU else there


def _candidates(session: Session, violation: Violation, rank: Rank, now: datetime) -> list[int]:
    if rank is Rank.DEPUTY:
        owner = None if violation.officer_id is None else session.get_one(Officer, violation.officer_id)
        deputy = deputy_of(session, owner, now) if owner is not None else None
        return [] if deputy is None else [deputy]
    found = select(Officer.id).join(Office, col(Office.id) == col(Officer.office_id)).where(Office.bureau_id == violation.bureau_id)
    if rank is Rank.OFFICE_HEAD:
        found = found.where(Officer.role == Role.OFFICE_HEAD.value, Officer.office_id == violation.office_id)
    else:
        found = found.where(Officer.role == Role.BUREAU.value)
    return [who for who in session.exec(found.order_by(col(Officer.id))) if who is not None]
