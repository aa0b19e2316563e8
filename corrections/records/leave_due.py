"""What must be done about leave by a time: requests that nobody decided, subjects who are not signed back in."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from corrections.domain.casework import RequestState
from corrections.domain.model import Role, SubjectStatus
from corrections.records import leave_telling as telling
from corrections.records.leave_terms import ends_at, terms_of
from corrections.settings import Settings
from corrections.store.tables import LeaveRequest, Subject


def undecided_due(session: Session, settings: Settings, now: datetime) -> int:
    """Tell the next higher level of requests that were not decided in time; returns how many."""
    r = LeaveRequest
    found = session.exec(select(r).where(col(r.tell_at) <= now).order_by(col(r.id)).with_for_update(skip_locked=True)).all()
    for request in found:
        telling.of_undecided(session, request, request.due_at)
        request.tell_at = None
    return len(found)


def overdue_due(session: Session, settings: Settings, now: datetime) -> int:
    """Tell the officer of those who were to be back and are not signed back in, and hours later the office head; returns how many were
    told. A run that comes late does both, as of when they were due. Nobody waits for a subject in custody, or after the end."""
    r, told = LeaveRequest, 0
    due = select(r).where(col(r.overdue_at) <= now, r.state == RequestState.APPROVED.value, col(r.returned_at).is_(None))
    for request in session.exec(due.order_by(col(r.id)).with_for_update(skip_locked=True)).all():
        subject = session.get_one(Subject, request.subject_id)
        if subject.status != SubjectStatus.ACTIVE:
            request.overdue_at = None
            continue
        back = ends_at(session, request)
        terms = terms_of(session, subject, settings, back)
        first = back + timedelta(minutes=terms.overdue_minutes)
        head_at = first + timedelta(hours=terms.head_hours)
        at = max(request.overdue_at or first, first)  # a permit that was revoked ends without the grace
        if at < head_at and at <= now:
            telling.of_overdue(session, request, subject, Role.OFFICER, back, first)
            at, told = head_at, told + 1
        request.overdue_at = at
        if head_at <= at <= now:
            telling.of_overdue(session, request, subject, Role.OFFICE_HEAD, back, head_at)
            request.overdue_at, told = None, told + 1
    return told
