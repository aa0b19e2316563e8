"""The outbox: what goes over the channels. Notices become messages, one a recipient and channel; ``monitor.delivery`` sends them.

A notice is written in the transaction of its reason with ``dispatch_at``, so it is never lost; its messages carry a key, so that they
are written once.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, or_, update
from sqlmodel import Session, col, select

from corrections.domain.model import NoticeKind, Recipient, Role, Severity
from corrections.domain.notifying import Both, MessageState, line, reference, sends_at, to_the_subject
from corrections.errors import Conflict, Forbidden, Invalid, NotFound
from corrections.review.notices import end_about, head_of, notify
from corrections.review.roster import absences
from corrections.settings import Settings
from corrections.settings.notify import Channel
from corrections.store.access import Actor
from corrections.store.tables import Bureau, Notice, Office, Officer, OutboxMessage, Subject

log = logging.getLogger(__name__)

AT_ONCE = 500
MOST_ROWS = 500
AGAIN = timedelta(minutes=10)  # when a notice is tried again that could not be turned into messages
TURN = timedelta(minutes=10)  # what comes up just before a digest goes with it, although it is seen a turn of the chores later


def fan_out_due(session: Session, settings: Settings, now: datetime) -> int:
    """Turn notices that are due for it into messages for each recipient and channel; returns how many messages.

    1. A notice that has become needless meanwhile becomes none. 2. Messages go out at the time that quiet hours and digests allow from
    when the notice was due, or a few minutes ago where that is long past: its reason is old, or this run is late. 3. A notice that fails
    is put off, and keeps no other waiting.
    """
    n = Notice
    due = select(n).where(col(n.dispatch_at) <= now).order_by(col(n.dispatch_at), col(n.id)).limit(AT_ONCE)
    written = 0
    for notice in session.exec(due.with_for_update(skip_locked=True)).all():
        notice_id = notice.id
        try:
            with session.begin_nested():
                written += _fan_out(session, settings, notice, now)
        except Exception:
            log.exception("notice %s could not be turned into messages; it is tried again at %s", notice_id, now + AGAIN)
            session.execute(update(n).where(col(n.id) == notice_id).values(dispatch_at=now + AGAIN))
    return written


def _fan_out(session: Session, settings: Settings, notice: Notice, now: datetime) -> int:
    written = set(session.exec(select(OutboxMessage.key).where(OutboxMessage.notice_id == notice.id)))
    ways = _ways(session, settings, notice, now) if notice.done_at is None else ()
    messages = [_message(session, settings, notice, *way, now) for way in ways]
    new = [message for message in messages if message.key not in written]
    session.add_all(new)
    notice.dispatch_at = None
    session.flush()
    return len(new)


# ---- as people read it


def state_of(message: OutboxMessage) -> MessageState:
    """Where a message stands."""
    if message.sent_at is not None:
        return MessageState.SENT
    if message.given_up_at is not None:
        return MessageState.GIVEN_UP
    if message.due_at is None:
        return MessageState.NEEDLESS
    if message.attempts == 0:
        return MessageState.WAITING
    return MessageState.FAILING if message.last_error else MessageState.SENDING


def _in_state(state: MessageState) -> ColumnElement[bool]:
    """``state_of`` as a condition."""
    o = OutboxMessage
    sent, given_up, due = col(o.sent_at).is_not(None), col(o.given_up_at).is_not(None), col(o.due_at).is_not(None)
    tried = and_(due, col(o.attempts) > 0)
    return {
        MessageState.SENT: sent,
        MessageState.GIVEN_UP: given_up,
        MessageState.NEEDLESS: and_(~sent, ~given_up, ~due),
        MessageState.WAITING: and_(due, col(o.attempts) == 0),
        MessageState.FAILING: and_(tried, col(o.last_error) != ""),
        MessageState.SENDING: and_(tried, col(o.last_error) == ""),
    }[state]


def list_messages(
    session: Session,
    actor: Actor,
    *,
    state: MessageState | None = None,
    channel: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> Sequence[OutboxMessage]:
    """The bureau's messages for the bureau and the administrator, her own for everybody else; the newest first. Raises Invalid."""
    o = OutboxMessage
    if not 1 <= limit <= MOST_ROWS:
        raise Invalid(f"limit must be 1 to {MOST_ROWS}.", f"limit 应为 1 至 {MOST_ROWS}。", field="limit")
    statement = select(o).where(o.bureau_id == actor.bureau_id)
    if actor.role not in (Role.BUREAU, Role.ADMINISTRATOR):
        statement = statement.where(o.officer_id == actor.officer_id)
    if state is not None:
        statement = statement.where(_in_state(state))
    if channel is not None:
        statement = statement.where(o.channel == channel)
    if before is not None:
        statement = statement.where(col(o.id) < before)
    return session.exec(statement.order_by(col(o.id).desc()).limit(limit)).all()


def retry(session: Session, actor: Actor | None, message_id: int, settings: Settings, now: datetime) -> OutboxMessage:
    """Try a message again that was given up (once, then) or waits: now, or when the quiet hours are over. By the administrator or the
    bureau. Raises Conflict (it was sent, is being sent, or is needless), Forbidden, NotFound."""
    if actor is not None and actor.role not in (Role.BUREAU, Role.ADMINISTRATOR):
        raise Forbidden("Messages are tried again by the administrator or the bureau.", "只有管理员或司法局可以重发消息。")
    message = session.get(OutboxMessage, message_id)
    if message is None or (actor is not None and message.bureau_id != actor.bureau_id):
        raise NotFound(f"There is no message {message_id} in your bureau.", f"本局没有编号 {message_id} 的消息。")
    at = sends_at(now, Severity(message.severity), settings.notify.quiet, (), zone_of(session, message.bureau_id))
    still = or_(*(_in_state(state) for state in (MessageState.WAITING, MessageState.FAILING, MessageState.GIVEN_UP)))
    guarded = update(OutboxMessage).where(col(OutboxMessage.id) == message_id, still).values(due_at=at, given_up_at=None)
    if session.execute(guarded, execution_options={"synchronize_session": False}).rowcount == 0:  # type: ignore[attr-defined]
        raise Conflict("It was sent, is being sent, or is needed no more.", "该消息已发送、正在发送，或已不再需要。")
    session.refresh(message)
    return message


# ---- what could not be sent


def give_up(session: Session, message: OutboxMessage, error: str, now: datetime) -> None:
    """Give a message up, and tell the bureau of the channel, once until somebody has dealt with it."""
    message.due_at, message.given_up_at, message.last_error = None, now, error
    log.error("message %s over %s is given up after %d attempts: %s", message.id, message.channel, message.attempts, error)
    source = session.get(Notice, message.notice_id) if message.notice_id is not None else None
    one_at_a_time = select(Bureau.id).where(Bureau.id == message.bureau_id).with_for_update(key_share=True)
    session.exec(one_at_a_time).one()
    if source is None or _told_of(session, message.bureau_id, message.channel):
        return
    zh = f"通知渠道 {message.channel} 有消息未能送达，请管理员检查渠道设置和地址，并在发件箱重发。"
    en = f"Messages over the channel {message.channel} could not be delivered. Have the channel and its addresses looked at, and try again."
    office = session.get_one(Office, source.office_id)
    kind, about = NoticeKind.UNDELIVERED, f"channel:{message.bureau_id}:{message.channel}"
    notify(session, office, Recipient.BUREAU, kind, (zh, en), now, severity=Severity.HIGH, about=about)


def settle(session: Session, message: OutboxMessage, now: datetime) -> None:
    """End the notice of a channel's failure when nothing is left on it that was given up or is tried again."""
    o, n = OutboxMessage, Notice
    still = or_(col(o.given_up_at).is_not(None), and_(col(o.due_at).is_not(None), col(o.attempts) > 1))
    same = (o.bureau_id == message.bureau_id, o.channel == message.channel, still)
    left = select(o.id).join(n, col(n.id) == col(o.notice_id)).where(*same, col(n.done_at).is_(None)).limit(1)
    if _told_of(session, message.bureau_id, message.channel) and session.exec(left).first() is None:
        end_about(session, f"channel:{message.bureau_id}:{message.channel}", now)


def _told_of(session: Session, bureau_id: int, channel: str) -> bool:
    n = Notice
    open_ = (n.bureau_id == bureau_id, n.kind == NoticeKind.UNDELIVERED.value, col(n.done_at).is_(None))
    return session.exec(select(n.id).where(*open_, n.about == f"channel:{bureau_id}:{channel}").limit(1)).first() is not None


# ---- from a notice to its messages


Way = tuple[Channel, Officer | None]
"""A channel, and which officer it is to reach; None: the subject."""


def _ways(session: Session, settings: Settings, notice: Notice, now: datetime) -> Iterator[Way]:
    of_channel = notice.about.rpartition(":")[2] if notice.kind == NoticeKind.UNDELIVERED else None  # not over the one that fails
    fitting = [c for c in settings.notify.channels if _carries(c, notice) and c.name != of_channel]
    if notice.recipient == Recipient.SUBJECT:
        subject = session.get(Subject, notice.subject_id) if notice.subject_id is not None else None
        yield from ((channel, None) for channel in fitting if subject is not None and channel.fits(subject.phone))
        return
    for officer in _officers(session, notice, now):
        yield from ((channel, officer) for channel in fitting if channel.fits(officer.addresses.get(channel.name, "")))


def _carries(channel: Channel, notice: Notice) -> bool:
    return notice.recipient in channel.recipients and notice.severity in channel.severities and notice.kind in channel.kinds


def _officers(session: Session, notice: Notice, now: datetime) -> list[Officer]:
    """Whom of the staff: the one it names; where she has left or none is named, the head of the office; where there is none, or it is for
    the bureau, those of the bureau who are there."""
    named = session.get(Officer, notice.officer_id) if notice.officer_id is not None else None
    if named is not None and named.active:
        return [named]
    if notice.recipient != Recipient.BUREAU and (head := head_of(session, notice.office_id, now)) is not None:
        return [session.get_one(Officer, head)]
    of_bureau = select(Officer).join(Office, col(Office.id) == col(Officer.office_id)).where(Office.bureau_id == notice.bureau_id)
    staff = session.exec(of_bureau.where(Officer.role == Role.BUREAU.value, col(Officer.active).is_(True))).all()
    away = absences(session, now)
    return [officer for officer in staff if officer.id not in away] or list(staff)


def _message(
    session: Session, settings: Settings, notice: Notice, channel: Channel, officer: Officer | None, now: datetime
) -> OutboxMessage:
    assert notice.id is not None
    assert notice.dispatch_at is not None
    severity = Severity(notice.severity)
    digest = severity in settings.notify.digest_severities and officer is not None
    times = settings.notify.digest_at if digest else ()
    ref = reference(notice.about, notice.violation_id, notice.id)
    text = _text(notice, channel, officer, ref)
    return OutboxMessage(
        bureau_id=notice.bureau_id, key=f"notice:{notice.id}:{channel.name}:{officer.id if officer else 'subject'}", channel=channel.name,
        officer_id=officer.id if officer else None, subject_id=None if officer else notice.subject_id, notice_id=notice.id,
        severity=notice.severity, reference=ref[0], text_zh=text[0], text_en=text[1], digest=digest, created_at=now,
        due_at=sends_at(max(notice.dispatch_at, now - TURN), severity, settings.notify.quiet, times, zone_of(session, notice.bureau_id)),
    )  # fmt: skip


def zone_of(session: Session, bureau_id: int) -> ZoneInfo:
    """The time zone that a bureau lives in."""
    return ZoneInfo(session.get_one(Bureau, bureau_id).timezone)


def _text(notice: Notice, channel: Channel, officer: Officer | None, ref: Both) -> Both:
    whole, kind = (notice.text_zh, notice.text_en), NoticeKind(notice.kind)
    if channel.inside:
        return whole
    return to_the_subject(kind, whole) if officer is None else line(kind, ref)


def addresses_of(session: Session, messages: Sequence[OutboxMessage]) -> Mapping[int, str]:
    """The address of each message's recipient on its channel, by message; empty: she has none. Officers who have left are not in it."""
    hers = col(Officer.id).in_({m.officer_id for m in messages if m.officer_id is not None})
    officers = {o.id: o for o in session.exec(select(Officer).where(hers, col(Officer.active).is_(True)))}
    theirs = col(Subject.id).in_({m.subject_id for m in messages if m.subject_id is not None})
    subjects = {s.id: s for s in session.exec(select(Subject).where(theirs))}
    found: dict[int, str] = {}
    for message in messages:
        assert message.id is not None
        if officer := officers.get(message.officer_id):
            found[message.id] = str(officer.addresses.get(message.channel, ""))
        elif subject := subjects.get(message.subject_id):
            found[message.id] = subject.phone
    return found
