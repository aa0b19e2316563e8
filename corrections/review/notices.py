"""提醒: what a subject, an officer or an office head is to be told, until somebody did or it has become needless. No positions.

The service writes a notice and ends it when its reason is gone; that it was told, a person says.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, update
from sqlmodel import Session, col, select

from corrections.domain.contact_reasons import Both
from corrections.domain.model import NoticeKind, Recipient, Role, Severity
from corrections.errors import Conflict, Invalid, NotFound
from corrections.review.events import EventKind, append
from corrections.review.roster import absences
from corrections.store.access import Action, Actor, within_reach
from corrections.store.tables import Notice, Office, Officer, Subject, Violation

MOST_ROWS = 500


@dataclass(frozen=True, slots=True)
class NoticeItem:
    """One notice in a listing, with the names that a reader needs. ``done_by`` None on one that is done: it had become needless."""

    id: int
    subject_id: int | None
    subject_number: str | None
    subject_name: str | None
    minor: bool
    phone: str
    recipient: str
    officer_id: int | None
    officer_name: str | None
    violation_id: int | None
    about: str
    severity: str
    kind: str
    text_zh: str
    text_en: str
    at: datetime
    done_at: datetime | None
    done_by: int | None
    done_by_name: str | None


# ---- as the monitor writes them


def notify(
    session: Session,
    belongs: Subject | Office,
    recipient: Recipient,
    kind: NoticeKind,
    text: Both,
    at: datetime,
    *,
    severity: Severity = Severity.MEDIUM,
    officer_id: int | None = None,
    violation_id: int | None = None,
    about: str = "",
) -> Notice:
    """Write a notice about a subject or, where it is about no single one, for an office, in the caller's transaction; the channels of
    notification take it from there. ``at`` is since when its reason stands; ``officer_id`` None with a staff recipient: whoever is
    within reach; ``severity`` is what quiet hours go by; ``about`` names what it is about beside a violation, as ``round:12``."""
    subject = belongs if isinstance(belongs, Subject) else None
    office_id = belongs.office_id if isinstance(belongs, Subject) else belongs.id
    assert office_id is not None
    notice = Notice(
        bureau_id=belongs.bureau_id, office_id=office_id,
        subject_id=None if subject is None else subject.id, recipient=recipient.value, officer_id=officer_id, violation_id=violation_id,
        about=about, severity=severity.value, kind=kind.value, text_zh=text[0], text_en=text[1], at=at, dispatch_at=at,
    )  # fmt: skip
    session.add(notice)
    session.flush()
    return notice


def tell_of(session: Session, violation: Violation, notice: Notice, now: datetime) -> None:
    """Bind a notice to its violation, and have the violation's history show it."""
    notice.violation_id = violation.id
    content = {
        "notice": notice.id,
        "recipient": notice.recipient,
        "kind": notice.kind,
        "since": notice.at,
        "officer": notice.officer_id,
        "text": {"zh": notice.text_zh, "en": notice.text_en},
    }
    append(session, violation, EventKind.NOTIFIED, content, now)


def end_of_violation(session: Session, violation_id: int, kinds: Collection[NoticeKind], now: datetime) -> None:
    """End the open notices of these kinds about a violation: they are needless."""
    _end(session, (col(Notice.violation_id) == violation_id) & col(Notice.kind).in_([kind.value for kind in kinds]), now)


def end_of_subject(session: Session, subject_id: int, kinds: Collection[NoticeKind], now: datetime) -> None:
    """End the open notices of these kinds about a subject."""
    _end(session, (col(Notice.subject_id) == subject_id) & col(Notice.kind).in_([kind.value for kind in kinds]), now)


def end_about(session: Session, about: str, now: datetime) -> None:
    """End the open notices about something beside a violation, as ``round:12``."""
    _end(session, col(Notice.about) == about, now)


def open_about(session: Session, subject_ids: Collection[int]) -> set[int]:
    """Which of these subjects have open notices."""
    statement = select(Notice.subject_id).where(col(Notice.subject_id).in_(list(subject_ids)), col(Notice.done_at).is_(None))
    return {subject_id for subject_id in session.exec(statement.distinct()) if subject_id is not None}


def head_of(session: Session, office_id: int, now: datetime) -> int | None:
    """The head of an office to tell, one who is there before one who is absent; None where there is none."""
    statement = select(Officer).where(Officer.office_id == office_id, Officer.role == Role.OFFICE_HEAD.value, col(Officer.active).is_(True))
    heads: Sequence[Officer] = session.exec(statement).all()
    away = absences(session, now)
    return min(heads, key=lambda head: (head.id in away, head.id)).id if heads else None


def _end(session: Session, which: ColumnElement[bool], now: datetime) -> None:
    session.flush()
    session.execute(update(Notice).where(which, col(Notice.done_at).is_(None)).values(done_at=now))


# ---- as people read them


def list_notices(
    session: Session,
    actor: Actor,
    *,
    done: bool = False,
    recipient: Recipient | None = None,
    subject_id: int | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[NoticeItem]:
    """Notices of the offices within reach, the newest first: those that still wait, or those that are ``done``. ``before`` is the id of
    the last of the page before. Raises Invalid, Forbidden."""
    actor.require(Action.REVIEW)
    if not 1 <= limit <= MOST_ROWS:
        raise Invalid(f"limit must be 1 to {MOST_ROWS}.", f"limit 应为 1 至 {MOST_ROWS}。", field="limit")
    n = Notice
    statement = select(n, Subject).outerjoin(Subject, col(Subject.id) == col(n.subject_id)).where(within_reach(actor, n))
    statement = statement.where(col(n.done_at).is_not(None) if done else col(n.done_at).is_(None))
    if recipient is not None:
        statement = statement.where(n.recipient == recipient.value)
    if subject_id is not None:
        statement = statement.where(n.subject_id == subject_id)
    if before is not None:
        statement = statement.where(col(n.id) < before)
    rows = session.exec(statement.order_by(col(n.id).desc()).limit(limit)).all()
    names = _names(session, [notice for notice, _ in rows])
    return [_item(notice, subject, names) for notice, subject in rows]


def count_open(session: Session, actor: Actor) -> int:
    """How many notices of the offices within reach still wait. Raises Forbidden."""
    actor.require(Action.REVIEW)
    waiting = select(func.count()).select_from(Notice).where(within_reach(actor, Notice), col(Notice.done_at).is_(None))
    return session.exec(waiting).one()


def complete_notice(session: Session, actor: Actor, notice_id: int, now: datetime) -> NoticeItem:
    """Note that a notice was told, by the actor. Raises Conflict (it was done already, or had become needless), Forbidden, NotFound."""
    actor.require(Action.REVIEW)
    n = Notice
    reached = select(n, Subject).outerjoin(Subject, col(Subject.id) == col(n.subject_id))
    found = session.exec(reached.where(n.id == notice_id, within_reach(actor, n))).first()
    if found is None:
        raise NotFound(f"There is no notice {notice_id} in your offices.", f"您所在机构没有编号 {notice_id} 的提醒。")
    notice, subject = found
    guarded = update(n).where(col(n.id) == notice_id, col(n.done_at).is_(None)).values(done_at=now, done_by=actor.officer_id)
    if session.execute(guarded, execution_options={"synchronize_session": False}).rowcount == 0:  # type: ignore[attr-defined]
        raise Conflict("The notice is done already, or has become needless.", "该提醒已处理，或已不再需要。")
    session.refresh(notice)
    return _item(notice, subject, _names(session, [notice]))


def _names(session: Session, found: Sequence[Notice]) -> Mapping[int | None, str]:
    """The names of the officers whom notices are for and who told them."""
    ids = {id_ for notice in found for id_ in (notice.officer_id, notice.done_by)}
    return dict(session.exec(select(Officer.id, Officer.name).where(col(Officer.id).in_(ids))).all())


def _item(notice: Notice, subject: Subject | None, names: Mapping[int | None, str]) -> NoticeItem:
    same = {name: getattr(notice, name) for name in NoticeItem.__dataclass_fields__ if name in Notice.model_fields}
    return NoticeItem(
        **same,
        subject_number=subject.number if subject else None,
        subject_name=subject.name if subject else None,
        minor=subject is not None and subject.minor,
        phone=subject.phone if subject else "",
        officer_name=names.get(notice.officer_id),
        done_by_name=names.get(notice.done_by),
    )
