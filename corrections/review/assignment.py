"""To whom a violation goes. Nobody's queue is never an answer: whoever it goes to can see it and may decide it."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from corrections.domain.model import ReviewState, Role
from corrections.review.deadlines import Deadlines
from corrections.review.roster import absences, deputy_of, on_duty
from corrections.store.access import ALLOWED, Action
from corrections.store.tables import Duty, Office, Officer, Subject, Violation

OPEN = (ReviewState.QUEUED.value, ReviewState.CLAIMED.value)


class Why(StrEnum):
    """On what ground a violation is an officer's; those of an assignment in the order of preference."""

    SUBJECTS_OFFICER = "subjects_officer"
    ON_DUTY = "on_duty"  # 值班: it falls due before the bureau works again
    DEPUTY = "deputy"
    OFFICE_HEAD = "office_head"
    BUREAU = "bureau"
    OFFICE = "office"  # any other officer of the office
    NOBODY = "nobody"  # listed to everyone within reach until there is somebody
    HANDED_OVER = "handed_over"  # a person gave it to her
    TAKEN = "taken"  # it was nobody's, and she claimed it


_ORDER = tuple(Why)


@dataclass(frozen=True, slots=True)
class Assignment:
    officer_id: int | None
    why: Why


def assignment_for(
    session: Session, violation: Violation, deadlines: Deadlines, now: datetime, *, due_at: datetime | None = None
) -> Assignment:
    """Whom a violation should go to that is due at ``due_at``; None: when it says.

    1. The subject's officer; but where it falls due before the bureau works again, the officer on duty if there is one. 2. The deputy of
    the subject's officer. 3. The office's head. 4. The bureau's staff. 5. Any other officer of the office; of several the one with the
    lowest id. Only active staff who reach the violation count, and an absent one only where everybody is.
    """
    assert violation.bureau_id is not None
    subject = session.get_one(Subject, violation.subject_id)
    own = session.get(Officer, subject.officer_id) if subject.officer_id is not None else None
    reviewers = session.exec(_staff().where(reviews(violation.bureau_id, violation.office_id, now)))
    presses = deadlines.presses(session, violation, due_at or violation.due_at, now)
    duty = on_duty(session, violation.bureau_id, violation.office_id, now) if presses else []
    deputy = deputy_of(session, own, now) if own else None
    return _choose(list(reviewers), own, deputy, duty, absences(session, now))


def may_take(session: Session, officer_id: int, violation: Violation, now: datetime) -> Officer | None:
    """The officer, if she is active and may review this violation, by her place of work or her duty."""
    statement = _staff().where(Officer.id == officer_id)
    return session.exec(statement.where(reviews(violation.bureau_id, violation.office_id, now))).first()


def reviews(bureau_id: int | Mapped[int], office_id: int | Mapped[int], now: datetime) -> ColumnElement[bool]:
    """Over Officer joined to Office: active, of a role that reviews, and within whose reach this office's violations lie."""
    roles = [role.value for role in ALLOWED[Action.REVIEW]]
    reaches = or_(
        and_(col(Officer.role) == Role.BUREAU.value, col(Office.bureau_id) == bureau_id),
        and_(col(Officer.role) != Role.BUREAU.value, col(Officer.office_id) == office_id),
        col(Officer.id).in_(duties_of(bureau_id, office_id, now)),
    )
    return and_(col(Officer.active).is_(True), col(Officer.role).in_(roles), reaches)


def reviewers_by_id() -> SelectOfScalar[Any]:
    """The ids of officers, joined to their offices, to be narrowed by ``reviews``."""
    return select(Officer.id).join(Office, col(Office.id) == col(Officer.office_id))


def duties_of(bureau_id: int | Mapped[int], office_id: int | Mapped[int], now: datetime) -> SelectOfScalar[int]:
    """The ids of the officers on duty for an office."""
    d = Duty
    statement = select(d.officer_id).where(col(d.bureau_id) == bureau_id, or_(col(d.office_id).is_(None), col(d.office_id) == office_id))
    statement = statement.where(col(d.starts_at) <= now, col(d.ends_at) > now)
    return statement.where(or_(col(d.revoked_at).is_(None), col(d.revoked_at) > now))


def _staff() -> SelectOfScalar[Officer]:
    return select(Officer).join(Office, col(Office.id) == col(Officer.office_id))


def _choose(
    reviewers: list[Officer], own: Officer | None, deputy_id: int | None, duty: Sequence[int], away: Container[int | None]
) -> Assignment:
    def why(officer: Officer) -> Why:
        if own is not None and officer.id == own.id:
            return Why.SUBJECTS_OFFICER
        if officer.id in duty:
            return Why.ON_DUTY
        if officer.id == deputy_id:
            return Why.DEPUTY
        return {Role.OFFICE_HEAD: Why.OFFICE_HEAD, Role.BUREAU: Why.BUREAU}.get(Role(officer.role), Why.OFFICE)

    def after(officer: Officer) -> tuple[bool, int, int, int]:
        assert officer.id is not None
        absent, ground = officer.id in away, why(officer)
        turn = len(duty)
        if officer.id in duty:
            turn = -1 if ground is Why.SUBJECTS_OFFICER else duty.index(officer.id)
        return absent, 0 if absent else turn, _ORDER.index(ground), officer.id

    if not reviewers:
        return Assignment(None, Why.NOBODY)
    best = min(reviewers, key=after)
    return Assignment(best.id, why(best))
