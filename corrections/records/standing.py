"""What follows from a subject's status: at the end of the measure, in custody and with death monitoring stops from that very moment on,
and with it everything that waits for her. Whoever sets the status passes here, a person or, at the end of term, the service.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from corrections.domain.casework import NotAsked, RequestState
from corrections.domain.model import NoticeKind, SubjectStatus
from corrections.records.revision import ask_revision, expect_contact, expect_nothing
from corrections.review import notices
from corrections.settings import Rules
from corrections.store.tables import Authority, CheckIn, Device, FixRequest, LeavePermit, LeaveRequest, LegalClock, Subject, SubjectState

OVER = (SubjectStatus.ENDED, SubjectStatus.DECEASED)
NEEDLESS = (
    NoticeKind.SILENCE,
    NoticeKind.SEARCH,
    NoticeKind.LOW_BATTERY,
    NoticeKind.PERMISSION_OFF,
    NoticeKind.CHECK_IN,
    NoticeKind.CLOCK,
)
"""Notices that are needless of one who is not monitored."""
NO_LONGER_SUPERVISED = "解除、终止或者被限制人身自由 / supervision ended or was suspended"


def set_status(session: Session, subject: Subject, status: SubjectStatus, since: datetime, rules: Rules, now: datetime) -> dict[str, Any]:
    """Give a subject a status from ``since`` on, with all that follows; what the audit trail says of it.

    1. The status. 2. Over for good (end, death): legal bases and leave end. 3. Not monitored (custody, too): nothing is expected, what
    was asked of her and running terms end, open violations are no longer in progress once the monitor looks again. 4. Back under
    supervision: contact is expected anew, and the time in between is neither silence nor breach.
    """
    assert subject.id is not None
    before, away_from = subject.status, subject.status_from
    subject.status, subject.status_from = SubjectStatus(status).value, since
    session.flush()
    if status in OVER:
        _end_bases(session, subject.id, since)
        _end_leave(session, subject.id, since, now)
    ask_revision(session, [subject.id], since)
    if status is SubjectStatus.ACTIVE:
        if before == SubjectStatus.CUSTODY and away_from is not None:
            _part_bases(session, subject.id, away_from, since)
        _resume(session, subject, rules, now)
    else:
        _stop(session, subject.id, since, now)
    return {"from": before, "to": subject.status, "since": since}


def _resume(session: Session, subject: Subject, rules: Rules, now: datetime) -> None:
    forgotten = {"last_contact_at": None, "last_position_at": None}
    session.execute(update(SubjectState).where(col(SubjectState.subject_id) == subject.id).values(**forgotten))
    mine = select(Device).where(Device.subject_id == subject.id, col(Device.active).is_(True))
    if device := session.exec(mine.order_by(col(Device.id))).first():
        expect_contact(session, subject, device.interval_s, rules.silence, now)


def _stop(session: Session, subject_id: int, since: datetime, now: datetime) -> None:
    expect_nothing(session, subject_id)
    f, c = FixRequest, CheckIn
    wished = (col(f.subject_id) == subject_id, col(f.answered_at).is_(None), col(f.expires_at) > now)
    session.execute(update(f).where(*wished).values(expires_at=now))
    asked = (col(c.subject_id) == subject_id, col(c.answered_at).is_(None), col(c.missed_at).is_(None), col(c.skipped) == "")
    session.execute(update(c).where(*asked, col(c.expires_at) > since).values(skipped=NotAsked.NOT_MONITORED.value))
    r = LeaveRequest
    session.execute(update(r).where(col(r.subject_id) == subject_id, col(r.overdue_at).is_not(None)).values(overdue_at=None))
    notices.end_of_subject(session, subject_id, NEEDLESS, now)
    _end_clocks(session, subject_id, since, now)


def _end_clocks(session: Session, subject_id: int, since: datetime, now: datetime) -> None:
    """Terms that ran for her end by themselves: where she is, or that she is not awaited any more, is known."""
    c = LegalClock
    for clock in session.exec(select(c).where(c.subject_id == subject_id, col(c.ended_at).is_(None))):
        clock.ended_at, clock.end_note, clock.tell_at = max(since, clock.starts_at), NO_LONGER_SUPERVISED, None
        notices.end_about(session, f"clock:{clock.id}", now)


def _part_bases(session: Session, subject_id: int, away_from: datetime, back_at: datetime) -> None:
    """Take the time in custody out of the legal bases: each ends where she was taken, and one that goes on begins anew with her return.
    Nothing lawful covers the time in between, whenever it is looked at again."""
    a = Authority
    mine = select(a).where(a.subject_id == subject_id, col(a.valid_until) > away_from, col(a.valid_from) < back_at)
    for old in session.exec(mine.where(col(a.revoked_at).is_(None) | (col(a.revoked_at) > away_from))).all():
        if old.valid_until > back_at and (old.revoked_at is None or old.revoked_at > back_at):
            session.add(Authority(**old.model_dump(exclude={"id", "valid_from"}), valid_from=back_at))
        old.revoked_at = max(away_from, old.valid_from)
    session.flush()


def _end_bases(session: Session, subject_id: int, since: datetime) -> None:
    a = Authority
    for authority in session.exec(select(a).where(a.subject_id == subject_id, col(a.revoked_at).is_(None))):
        authority.revoked_at = max(since, authority.valid_from)


def _end_leave(session: Session, subject_id: int, since: datetime, now: datetime) -> None:
    """Leave ends with the measure, and what was asked for is not decided any more."""
    p, r = LeavePermit, LeaveRequest
    for permit in session.exec(select(p).where(p.subject_id == subject_id, col(p.revoked_at).is_(None), col(p.valid_until) > since)):
        permit.revoked_at = max(since, permit.valid_from)
    asked = (col(r.subject_id) == subject_id, col(r.state) == RequestState.REQUESTED.value)
    withdrawn = {"state": RequestState.WITHDRAWN.value, "decided_at": now, "decision_note": NO_LONGER_SUPERVISED, "tell_at": None}
    session.execute(update(r).where(*asked).values(revision=r.revision + 1, **withdrawn))
