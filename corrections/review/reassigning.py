"""That every open violation has an owner who may decide it and is there to: owners lost, on leave, off duty, or at home for the night."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_
from sqlmodel import Session, col, select

from corrections.domain.model import NoticeKind, ReviewState
from corrections.review import telling
from corrections.review.assignment import OPEN, Assignment, Why, assignment_for, duties_of, may_take, reviewers_by_id, reviews
from corrections.review.deadlines import Deadlines
from corrections.review.events import EventKind, append
from corrections.review.roster import absences, on_duty
from corrections.settings import Settings
from corrections.store.tables import Absence, Bureau, Officer, Subject, Violation


def reassign_due(session: Session, settings: Settings, now: datetime) -> int:
    """Find an owner for every open violation that has none who may and can decide it; returns how many changed.

    1. An owner is lost when her account ends, when her role, office or duty changes so that she does not reach the violation any more,
    and when the subject moves to another office, which the violation follows; a claim whose holder is lost is freed. 2. One that nobody
    has claimed leaves an owner who is absent until after it is due. 3. One that presses while the bureau is closed goes to the officer on
    duty, unless a person gave it to its owner; 4. and back to the subject's officer when that duty is over and she is there.
    Rows that somebody is working on are left for the next call.
    """
    deadlines = Deadlines.of(settings)
    v = Violation
    statement = select(v).join(Subject, col(Subject.id) == col(v.subject_id)).where(col(v.review_state).in_(OPEN))
    wanting = or_(_lost(now), _away(now), _off_duty(now), _at_night(session, deadlines, now))
    found = session.exec(statement.where(wanting).order_by(col(v.id)).with_for_update(of=v, skip_locked=True)).all()
    return sum(_reassign(session, violation, deadlines, now) for violation in found)


def _reassign(session: Session, violation: Violation, deadlines: Deadlines, now: datetime) -> bool:
    """1. Follow the subject to her office. 2. Free a claim whose holder may not decide any more, and forget who answers for it besides
    where she may not. 3. Choose an owner where that is needed. Whether anything changed."""
    before = {name: getattr(violation, name) for name in ("officer_id", "office_id", "claimed_by", "escalated_to")}
    violation.office_id = session.get_one(Subject, violation.subject_id).office_id
    if violation.claimed_by is not None and may_take(session, violation.claimed_by, violation, now) is None:
        violation.claimed_by, violation.claimed_until, violation.review_state = None, None, ReviewState.QUEUED.value
    if violation.escalated_to is not None and may_take(session, violation.escalated_to, violation, now) is None:
        violation.escalated_to, violation.escalation = None, max(violation.escalation - 1, 0)
        violation.escalate_at = now  # the level that lost its person is filled again
    content: dict[str, Any] = {"from": violation.officer_id}
    chosen = _chosen(session, violation, deadlines, now)
    if chosen is not None:
        violation.officer_id, violation.assigned_why = chosen.officer_id, chosen.why.value
        content |= {"to": chosen.officer_id, "why": chosen.why}
    if before == {name: getattr(violation, name) for name in before}:
        return False
    violation.revision += 1
    append(session, violation, EventKind.ASSIGNED, {**content, "orphaned": before}, now)
    if violation.officer_id != before["officer_id"]:
        telling.end(session, violation, (*telling.WAITING, NoticeKind.DUE_SOON), now)
        telling.tell_owner(session, violation, NoticeKind.ASSIGNED, now)
    return True


def _chosen(session: Session, violation: Violation, deadlines: Deadlines, now: datetime) -> Assignment | None:
    """A better owner than the present one; None: she stays."""
    owner_id = violation.officer_id
    best = assignment_for(session, violation, deadlines, now)
    if best.officer_id == owner_id:
        return None
    if owner_id is None or may_take(session, owner_id, violation, now) is None:
        return best
    if violation.review_state != ReviewState.QUEUED:
        return None
    absence = absences(session, now, [owner_id]).get(owner_id)
    if absence is not None and violation.due_at < absence.ends_at:
        return best if best.officer_id not in absences(session, now) else None
    on_call = owner_id in on_duty(session, violation.bureau_id, violation.office_id, now)
    if best.why is Why.ON_DUTY and not on_call and violation.assigned_why != Why.HANDED_OVER:
        return best
    back = best.why is Why.SUBJECTS_OFFICER and violation.assigned_why == Why.ON_DUTY and not on_call
    return best if back and _works(session, violation, deadlines, now) else None


def _works(session: Session, violation: Violation, deadlines: Deadlines, now: datetime) -> bool:
    return deadlines.calendar_of(session, violation.bureau_id).is_working(now)


# ---- which may need another owner, over Violation joined to Subject


def _lost(now: datetime) -> ColumnElement[bool]:
    """Nobody's; or somebody's, claimed by or gone up to somebody who does not reach it; or its subject has moved."""
    v = Violation
    staff = reviewers_by_id().where(reviews(col(v.bureau_id), col(v.office_id), now))

    def gone(person: Any) -> ColumnElement[bool]:
        return ~staff.where(col(Officer.id) == person).correlate(v).exists()

    others = [and_(col(person).is_not(None), gone(col(person))) for person in (v.claimed_by, v.escalated_to)]
    return or_(gone(col(v.officer_id)), *others, col(Subject.office_id) != col(v.office_id))


def _away(now: datetime) -> ColumnElement[bool]:
    """Waits for an owner who is absent until after it is due."""
    v, a = Violation, Absence
    absent = select(a.id).where(col(a.officer_id) == col(v.officer_id), a.starts_at <= now, col(a.ends_at) > now)
    absent = absent.where(or_(col(a.revoked_at).is_(None), col(a.revoked_at) > now), col(a.ends_at) > col(v.due_at))
    return and_(_waits(), absent.correlate(v).exists())


def _off_duty(now: datetime) -> ColumnElement[bool]:
    """Waits for an owner whose duty it came from is over."""
    v = Violation
    return and_(_waits(), col(v.assigned_why) == Why.ON_DUTY.value, col(v.officer_id).not_in(_on_call(now)))


def _at_night(session: Session, deadlines: Deadlines, now: datetime) -> ColumnElement[bool]:
    """Waits for an owner who is not on duty, is due before its bureau works again, and somebody is on duty."""
    v = Violation
    closed: dict[datetime, list[int]] = {}
    for bureau in session.exec(select(Bureau)):
        assert bureau.id is not None
        calendar = deadlines.calendar_of(session, bureau.id)
        if not calendar.is_working(now):
            closed.setdefault(calendar.opens(now), []).append(bureau.id)
    pressing = or_(false(), *(and_(col(v.bureau_id).in_(ids), col(v.due_at) < opens) for opens, ids in closed.items()))
    urgent = col(v.severity).in_([severity.value for severity in deadlines.pressing()])
    given = col(v.assigned_why) != Why.HANDED_OVER.value
    call = _on_call(now)
    return and_(_waits(), urgent, given, pressing, call.exists(), col(v.officer_id).not_in(call))


def _on_call(now: datetime) -> Any:
    v = Violation
    return duties_of(col(v.bureau_id), col(v.office_id), now).correlate(v)


def _waits() -> ColumnElement[bool]:
    return col(Violation.review_state) == ReviewState.QUEUED.value
