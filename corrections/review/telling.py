"""Telling the persons whom a review concerns: whose it is, who answers for it, who watches it. No positions, and no names of subjects."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from corrections.domain.model import NoticeKind, Recipient, Role, Severity
from corrections.review import notices
from corrections.review.events import IN_WORDS, EventKind
from corrections.store.tables import Bureau, Notice, Officer, Subject, Violation, ViolationWatch

Both = tuple[str, str]

WAITING = (NoticeKind.ASSIGNED, NoticeKind.HANDED_OVER)
"""What is told of a violation that somebody is to take in hand."""
REVIEW = (*WAITING, NoticeKind.DUE_SOON, NoticeKind.ESCALATED)
"""What is told of a violation that is to be decided."""

_RECIPIENTS = {Role.OFFICE_HEAD.value: Recipient.OFFICE_HEAD, Role.BUREAU.value: Recipient.BUREAU}


def tell_owner(session: Session, violation: Violation, kind: NoticeKind, at: datetime) -> Notice | None:
    """Tell the officer whose it is that it waits for her: it was assigned or handed over to her."""
    if violation.officer_id is None:
        return None
    due = local(session, violation, violation.due_at)
    verb_zh, verb_en = ("已移交给您", "was handed over to you") if kind is NoticeKind.HANDED_OVER else ("待您核查", "waits for your review")
    zh, en = _of(session, violation)
    text = f"{zh}{verb_zh}，期限 {due}。", f"{en} {verb_en}, due {due}."
    return tell(session, violation, kind, text, violation.officer_id, at)


def tell(session: Session, violation: Violation, kind: NoticeKind, text: Both, officer_id: int | None, at: datetime) -> Notice:
    """Tell one officer; None: the bureau, whoever is there."""
    officer = None if officer_id is None else session.get_one(Officer, officer_id)
    recipient = Recipient.BUREAU if officer is None else _RECIPIENTS.get(officer.role, Recipient.OFFICER)
    subject, severity = session.get_one(Subject, violation.subject_id), Severity(violation.severity)
    return notices.notify(session, subject, recipient, kind, text, at, severity=severity, officer_id=officer_id, violation_id=violation.id)


def tell_watchers(session: Session, violation: Violation, kind: EventKind, at: datetime, but: Collection[int | None] = ()) -> None:
    """Tell those who watch a violation what happened to it; ``but`` are those who know."""
    w = ViolationWatch
    watching = select(w.officer_id).join(Officer, col(Officer.id) == col(w.officer_id))
    found = session.exec(watching.where(w.violation_id == violation.id, col(Officer.active).is_(True)).order_by(col(w.officer_id)))
    (zh, en), (done_zh, done_en) = _of(session, violation), IN_WORDS[kind]
    for officer_id in found.all():
        if officer_id not in but:
            text = f"您关注的{zh}有新进展：{done_zh}。", f"{en}, which you watch: {done_en}."
            tell(session, violation, NoticeKind.WATCHED, text, officer_id, at)


def due_text(session: Session, violation: Violation) -> Both:
    """That a violation must be decided soon."""
    due = local(session, violation, violation.due_at)
    zh, en = _of(session, violation)
    return f"{zh}须在 {due} 前办结。", f"{en} must be decided by {due}."


def overdue_text(session: Session, violation: Violation, told: Both) -> Both:
    """That a violation was not decided in time, and what follows."""
    due = local(session, violation, violation.due_at)
    zh, en = _of(session, violation)
    return f"{zh}未在 {due} 前办结，{told[0]}。", f"{en} was not decided by {due}: {told[1]}."


def end(session: Session, violation: Violation, kinds: Collection[NoticeKind], now: datetime) -> None:
    """End the open notices of these kinds about a violation: they are needless."""
    assert violation.id is not None
    notices.end_of_violation(session, violation.id, kinds, now)


def local(session: Session, violation: Violation, at: datetime) -> str:
    """A moment on the bureau's wall clock."""
    zone = ZoneInfo(session.get_one(Bureau, violation.bureau_id).timezone)
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _of(session: Session, violation: Violation) -> Both:
    number = session.get_one(Subject, violation.subject_id).number
    return f"违规 {violation.id}（{number}）", f"Violation {violation.id} ({number})"
