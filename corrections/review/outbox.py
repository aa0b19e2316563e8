"""The outbox: what goes over the channels. Notices become messages, one a recipient and channel; ``monitor.delivery`` sends them.

A notice is written in the transaction of its reason with ``dispatch_at``, so it is never lost; its messages carry a key, so that they
are written once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlmodel import Session, col, select

from corrections.domain.model import NoticeKind, Recipient, Role, Severity
from corrections.domain.notifying import Both, outside, reference, sends_at, to_the_subject
from corrections.errors import Conflict, Forbidden, Invalid, NotFound
from corrections.review.notices import head_of
from corrections.review.roster import absences
from corrections.settings import Settings
from corrections.settings.notify import Channel
from corrections.store.access import Actor
from corrections.store.tables import Bureau, Notice, Office, Officer, OutboxMessage, Subject

AT_ONCE = 500
MOST_ROWS = 500


def fan_out_due(session: Session, settings: Settings, now: datetime) -> int:
    """Turn notices that are due for it into messages for each recipient and channel; returns how many messages.

    A notice that has become needless meanwhile becomes none. Messages go out at the time that quiet hours and digests allow.
    """
    n = Notice
    due = select(n).where(col(n.dispatch_at) <= now).order_by(col(n.id)).limit(AT_ONCE)
    written = 0
    for notice in session.exec(due.with_for_update(skip_locked=True)).all():
        if notice.done_at is None:
            messages = [_message(session, settings, notice, *way) for way in _ways(session, settings, notice, now)]
            session.add_all(messages)
            written += len(messages)
        notice.dispatch_at = None
    session.flush()
    return written


def list_messages(
    session: Session, actor: Actor, *, waiting: bool | None = None, before: int | None = None, limit: int = 100
) -> Sequence[OutboxMessage]:
    """The bureau's messages, the newest first; an officer sees her own. ``waiting``: those still to be sent, or (False) the rest."""
    o = OutboxMessage
    if not 1 <= limit <= MOST_ROWS:
        raise Invalid(f"limit must be 1 to {MOST_ROWS}.", f"limit 应为 1 至 {MOST_ROWS}。", field="limit")
    statement = select(o).where(o.bureau_id == actor.bureau_id)
    if actor.role not in (Role.BUREAU, Role.ADMINISTRATOR):
        statement = statement.where(o.officer_id == actor.officer_id)
    if waiting is not None:
        statement = statement.where(col(o.due_at).is_not(None) if waiting else col(o.due_at).is_(None))
    if before is not None:
        statement = statement.where(col(o.id) < before)
    return session.exec(statement.order_by(col(o.id).desc()).limit(limit)).all()


def retry(session: Session, actor: Actor | None, message_id: int, now: datetime) -> OutboxMessage:
    """Try a message again now that was given up (then once) or waits. By the administrator or the bureau.

    Raises Conflict, Forbidden, NotFound.
    """
    if actor is not None and actor.role not in (Role.BUREAU, Role.ADMINISTRATOR):
        raise Forbidden("Messages are tried again by the administrator or the bureau.", "只有管理员或司法局可以重发消息。")
    message = session.get(OutboxMessage, message_id)
    if message is None or (actor is not None and message.bureau_id != actor.bureau_id):
        raise NotFound(f"There is no message {message_id} in your bureau.", f"本局没有编号 {message_id} 的消息。")
    again = (col(OutboxMessage.due_at).is_not(None)) | (col(OutboxMessage.given_up_at).is_not(None))
    values = {"due_at": now, "given_up_at": None, "attempts": 0}
    guarded = update(OutboxMessage).where(col(OutboxMessage.id) == message_id, again, col(OutboxMessage.sent_at).is_(None))
    if session.execute(guarded.values(**values), execution_options={"synchronize_session": False}).rowcount == 0:  # type: ignore[attr-defined]
        raise Conflict("It was sent, or is needed no more.", "该消息已发送，或已不再需要。")
    session.refresh(message)
    return message


Way = tuple[Channel, Officer | None]
"""A channel, and which officer it is to reach; None: the subject."""


def _ways(session: Session, settings: Settings, notice: Notice, now: datetime) -> Iterator[Way]:
    fitting = [c for c in settings.notify.channels if notice.recipient in c.recipients and notice.severity in c.severities]
    if notice.recipient == Recipient.SUBJECT:
        subject = session.get(Subject, notice.subject_id) if notice.subject_id is not None else None
        yield from ((channel, None) for channel in fitting if subject is not None and subject.phone)
        return
    for officer in _officers(session, notice, now):
        yield from ((channel, officer) for channel in fitting if officer.addresses.get(channel.name))


def _officers(session: Session, notice: Notice, now: datetime) -> list[Officer]:
    """Whom of the staff: the one it names; the head of the office; else those of the bureau who are there."""
    officer_id = notice.officer_id
    if officer_id is None and notice.recipient in (Recipient.OFFICER, Recipient.OFFICE_HEAD):
        officer_id = head_of(session, notice.office_id, now)
    if officer_id is not None:
        officer = session.get_one(Officer, officer_id)
        return [officer] if officer.active else []
    of_bureau = select(Officer).join(Office, col(Office.id) == col(Officer.office_id)).where(Office.bureau_id == notice.bureau_id)
    staff = session.exec(of_bureau.where(Officer.role == Role.BUREAU.value, col(Officer.active).is_(True))).all()
    away = absences(session, now)
    return [officer for officer in staff if officer.id not in away] or list(staff)


def _message(session: Session, settings: Settings, notice: Notice, channel: Channel, officer: Officer | None) -> OutboxMessage:
    assert notice.id is not None
    assert notice.dispatch_at is not None
    severity, zone = Severity(notice.severity), ZoneInfo(session.get_one(Bureau, notice.bureau_id).timezone)
    digest = severity in settings.notify.digest_severities and officer is not None
    times = settings.notify.digest_at if digest else ()
    ref = reference(notice.about, notice.violation_id, notice.id)
    text = _text(notice, channel, officer, ref)
    return OutboxMessage(
        bureau_id=notice.bureau_id, key=f"notice:{notice.id}:{channel.name}:{officer.id if officer else 'subject'}", channel=channel.name,
        officer_id=officer.id if officer else None, subject_id=None if officer else notice.subject_id, notice_id=notice.id,
        severity=notice.severity, reference=ref[0], text_zh=text[0], text_en=text[1], digest=digest, created_at=notice.dispatch_at,
        due_at=sends_at(notice.dispatch_at, severity, settings.notify.quiet, times, zone),
    )  # fmt: skip


def _text(notice: Notice, channel: Channel, officer: Officer | None, ref: Both) -> Both:
    whole, kind = (notice.text_zh, notice.text_en), NoticeKind(notice.kind)
    if channel.inside:
        return whole
    return to_the_subject(kind, whole) if officer is None else outside(kind, ref)


def recipients_of(session: Session, messages: Sequence[OutboxMessage]) -> Mapping[int, str]:
    """The address of each message's recipient on its channel, by message; left out where there is none any more."""
    officers = {o.id: o for o in session.exec(select(Officer).where(col(Officer.id).in_([m.officer_id for m in messages])))}
    subjects = {s.id: s for s in session.exec(select(Subject).where(col(Subject.id).in_([m.subject_id for m in messages])))}
    found: dict[int, str] = {}
    for message in messages:
        officer, subject = officers.get(message.officer_id), subjects.get(message.subject_id)
        address = officer.addresses.get(message.channel, "") if officer else subject.phone if subject else ""
        if address and message.id is not None:
            found[message.id] = str(address)
    return found
