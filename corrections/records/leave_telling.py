"""Who is told of a request for leave: those who decide, the subject's officer, the subject herself. No positions."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlmodel import Session, col

from corrections.domain.casework import ApprovalRank, RequestState
from corrections.domain.model import NoticeKind, Recipient, Role, Severity
from corrections.review import notices, roster
from corrections.store.tables import Bureau, LeaveRequest, Notice, Officer, Subject

STATES_ZH = {
    RequestState.REQUESTED: "待审批",
    RequestState.APPROVED: "已批准",
    RequestState.REFUSED: "不予批准",
    RequestState.WITHDRAWN: "已撤回",
}


def of_request(session: Session, request: LeaveRequest, subject: Subject, now: datetime) -> None:
    """Tell those who decide that a request waits."""
    due = _local(session, request, request.due_at)
    text = f"外出申请 {request.id} 待审批，期限 {due}。", f"Leave request {request.id} waits for a decision, due {due}."
    _tell_deciders(session, request, subject, NoticeKind.LEAVE_REQUESTED, text, now)


def of_undecided(session: Session, request: LeaveRequest, at: datetime) -> None:
    """Tell the bureau that a request was not decided in time."""
    subject, due = session.get_one(Subject, request.subject_id), _local(session, request, request.due_at)
    text = f"外出申请 {request.id} 逾期未审批（期限 {due}）。", f"Leave request {request.id} was not decided by {due}."
    notices.notify(
        session, subject, Recipient.BUREAU, NoticeKind.LEAVE_REQUESTED, text, at, severity=Severity.HIGH, about=about(request)
    )  # fmt: skip


def of_decision(session: Session, request: LeaveRequest, subject: Subject, now: datetime) -> None:
    """Tell the subject and her officer what was decided."""
    approved = request.state == RequestState.APPROVED
    span = f"{_local(session, request, request.leaves_at)} – {_local(session, request, request.returns_at)}"
    said = ("已批准", "was approved") if approved else (f"未获批准：{request.decision_note}", f"was refused: {request.decision_note}")
    hers = f"您的外出申请（{span}）{said[0]}", f"Your leave ({span}) {said[1]}"
    notices.notify(session, subject, Recipient.SUBJECT, NoticeKind.LEAVE_DECIDED, hers, now, about=about(request))
    text = f"外出申请 {request.id} {said[0]}", f"Leave request {request.id} {said[1]}"
    if subject.officer_id is not None:
        notices.notify(
            session, subject, Recipient.OFFICER, NoticeKind.LEAVE_DECIDED, text, now, severity=Severity.LOW,
            officer_id=subject.officer_id, about=about(request),
        )  # fmt: skip


def of_overdue(session: Session, request: LeaveRequest, subject: Subject, role: Role, back: datetime, at: datetime) -> None:
    """Tell the officer (her deputy, while she is away), later the office head, that a subject was to be ``back`` and is not signed back
    in."""
    end = _local(session, request, back)
    text = f"外出 {request.id} 应于 {end} 返回，尚未销假。", f"Leave {request.id} ended at {end}; the return is not on record."
    head = role is Role.OFFICE_HEAD
    officer_id = notices.head_of(session, request.office_id, at) if head else _officer_of(session, subject, at)
    recipient = Recipient.OFFICE_HEAD if head else Recipient.OFFICER
    notices.notify(
        session, subject, recipient, NoticeKind.LEAVE_OVERDUE, text, at, severity=Severity.HIGH, officer_id=officer_id,
        about=about(request),
    )  # fmt: skip


def of_revocation(session: Session, request: LeaveRequest, back: datetime, now: datetime) -> None:
    """Tell the subject that her leave ends before its time."""
    end = _local(session, request, back)
    text = f"您的外出已被撤销，请于 {end} 前返回。", f"Your leave was revoked: be back by {end}."
    if back <= request.leaves_at:
        text = "您的外出已被撤销，请勿外出。", "Your leave was revoked: do not leave."
    subject = session.get_one(Subject, request.subject_id)
    notices.notify(
        session, subject, Recipient.SUBJECT, NoticeKind.LEAVE_DECIDED, text, now, severity=Severity.HIGH, about=about(request)
    )  # fmt: skip


def end(session: Session, request: LeaveRequest, now: datetime) -> None:
    """The open notices about a request are needless: it was decided, or she is back."""
    session.flush()
    n = Notice
    waiting = update(n).where(col(n.about) == about(request), col(n.done_at).is_(None), col(n.recipient) != Recipient.SUBJECT.value)
    session.execute(waiting.values(done_at=now))


def about(request: LeaveRequest) -> str:
    """What its notices are about."""
    return f"leave:{request.id}"


def _tell_deciders(
    session: Session, request: LeaveRequest, subject: Subject, kind: NoticeKind, text: tuple[str, str], at: datetime
) -> None:
    office = request.rank == ApprovalRank.OFFICE
    head = notices.head_of(session, request.office_id, at) if office else None
    recipient = Recipient.OFFICE_HEAD if head is not None else Recipient.BUREAU
    notices.notify(session, subject, recipient, kind, text, at, officer_id=head, about=about(request))


def _officer_of(session: Session, subject: Subject, at: datetime) -> int | None:
    """The subject's officer, or who stands in for her while she is away; None: whoever is within reach."""
    officer = session.get(Officer, subject.officer_id) if subject.officer_id is not None else None
    if officer is None or not officer.active:
        return None
    stands_in = roster.deputy_of(session, officer, at) if roster.is_absent(session, subject.officer_id or 0, at) else None
    return stands_in or officer.id


def _local(session: Session, request: LeaveRequest, at: datetime) -> str:
    zone = ZoneInfo(session.get_one(Bureau, request.bureau_id).timezone)
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
