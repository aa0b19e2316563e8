"""To whom a violation goes. Nobody's queue is never an answer: whoever it goes to can see it and may decide it."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from corrections.domain.model import ReviewState, Role
from corrections.review.events import EventKind, append
from corrections.review.roster import absences, deputy_of
from corrections.store.access import ALLOWED, Action
from corrections.store.tables import Office, Officer, Subject, Violation

OPEN = (ReviewState.QUEUED.value, ReviewState.CLAIMED.value)


class Why(StrEnum):
    """On what ground an officer was chosen, in the order of preference."""

    SUBJECTS_OFFICER = "subjects_officer"
    DEPUTY = "deputy"
    OFFICE_HEAD = "office_head"
    BUREAU = "bureau"
    OFFICE = "office"  # any other officer of the office
    NOBODY = "nobody"  # listed to everyone within reach until there is somebody


_ORDER = tuple(Why)


@dataclass(frozen=True, slots=True)
class Assignment:
    officer_id: int | None
    why: Why


def assignment_for(session: Session, violation: Violation, now: datetime) -> Assignment:
    """Whom a violation should go to.

    1. The subject's officer. 2. Her deputy. 3. The office's head. 4. The bureau's staff. 5. Any other officer of the office; of
    several the one with the lowest id. Only active staff who reach the violation count, and an absent one only where everybody is.
    """
    subject = session.get_one(Subject, violation.subject_id)
    own = session.get(Officer, subject.officer_id) if subject.officer_id is not None else None
    staff = select(Officer).join(Office, col(Office.id) == col(Officer.office_id))
    reviewers = session.exec(staff.where(_reviews(violation.bureau_id, violation.office_id)))
    return _choose(list(reviewers), own, deputy_of(session, own, now) if own else None, absences(session, now))


def may_take(session: Session, officer_id: int, violation: Violation) -> Officer | None:
    """The officer, if she is active and may review this violation."""
    statement = select(Officer).join(Office, col(Office.id) == col(Officer.office_id)).where(Officer.id == officer_id)
    return session.exec(statement.where(_reviews(violation.bureau_id, violation.office_id))).first()


def reassign_orphans(session: Session, now: datetime) -> int:
    """Find an owner for every open violation that has none who may decide it, and take over claims that nobody holds any more.

    An owner is lost when her account ends, when her role or office changes so that she no longer reaches the violation, and when
    the subject moves to another office; the violation follows the subject. Returns how many were reassigned. Rows that somebody
    is working on are left for the next call.
    """
    orphans = session.exec(_orphans().with_for_update(of=Violation, skip_locked=True)).all()
    return sum(_reassign(session, violation, now) for violation in orphans)


def _choose(reviewers: list[Officer], own: Officer | None, deputy_id: int | None, away: Container[int | None]) -> Assignment:
    def why(officer: Officer) -> Why:
        if own is not None and officer.id == own.id:
            return Why.SUBJECTS_OFFICER
        if officer.id == deputy_id:
            return Why.DEPUTY
        return {Role.OFFICE_HEAD: Why.OFFICE_HEAD, Role.BUREAU: Why.BUREAU}.get(Role(officer.role), Why.OFFICE)

    if not reviewers:
        return Assignment(None, Why.NOBODY)
    best = min(reviewers, key=lambda officer: (officer.id in away, _ORDER.index(why(officer)), officer.id))
    return Assignment(best.id, why(best))


def _reassign(session: Session, violation: Violation, now: datetime) -> bool:
    """1. Follow the subject to her office. 2. Free a claim whose holder may not decide any more. 3. Keep an owner who may, else
    choose one. Whether anything changed."""
    before = {"officer_id": violation.officer_id, "office_id": violation.office_id, "claimed_by": violation.claimed_by}
    violation.office_id = session.get_one(Subject, violation.subject_id).office_id
    if violation.claimed_by is not None and may_take(session, violation.claimed_by, violation) is None:
        violation.claimed_by, violation.review_state = None, ReviewState.QUEUED.value
    content: dict[str, object] = {"from": violation.officer_id}
    if violation.officer_id is None or may_take(session, violation.officer_id, violation) is None:
        chosen = assignment_for(session, violation, now)
        violation.officer_id = chosen.officer_id
        content |= {"to": chosen.officer_id, "why": chosen.why}
    if before == {key: getattr(violation, key) for key in before}:
        return False
    violation.revision += 1
    append(session, violation, EventKind.ASSIGNED, {**content, "orphaned": before}, now)
    return True


def _orphans() -> SelectOfScalar[Violation]:
    v = Violation
    here = _reviews(col(v.bureau_id), col(v.office_id))
    staff = select(Officer.id).join(Office, col(Office.id) == col(Officer.office_id)).where(here)
    no_owner = ~staff.where(col(Officer.id) == col(v.officer_id)).correlate(v).exists()
    no_holder = col(v.claimed_by).is_not(None) & ~staff.where(col(Officer.id) == col(v.claimed_by)).correlate(v).exists()
    moved = col(Subject.office_id) != col(v.office_id)
    statement = select(v).join(Subject, col(Subject.id) == col(v.subject_id))
    return statement.where(col(v.review_state).in_(OPEN), or_(no_owner, no_holder, moved)).order_by(col(v.id))


def _reviews(bureau_id: int | Mapped[int], office_id: int | Mapped[int]) -> ColumnElement[bool]:
    """Over Officer joined to Office: active, of a role that reviews, and within whose reach this office's violations lie."""
    roles = [role.value for role in ALLOWED[Action.REVIEW]]
    reaches = or_(
        and_(col(Officer.role) == Role.BUREAU.value, col(Office.bureau_id) == bureau_id),
        and_(col(Officer.role) != Role.BUREAU.value, col(Officer.office_id) == office_id),
    )
    return and_(col(Officer.active).is_(True), col(Officer.role).in_(roles), reaches)
