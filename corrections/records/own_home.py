"""What a subject sees first: who looks after her, whether her phone is in touch, what she is to be told, which day comes next."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlmodel import Session, col, select

from corrections.domain.model import NoticeKind, Recipient, SubjectStatus, to_us
from corrections.errors import NotFound
from corrections.records.audit import record_by
from corrections.records.own import own_subject
from corrections.settings import Settings
from corrections.store.access import Own
from corrections.store.rulebook import load_lawful
from corrections.store.tables import Bureau, CheckIn, Device, Notice, Office, Officer, SubjectState


class Touch(StrEnum):
    """Whether her phone is in touch."""

    FINE = "fine"
    SILENT = "silent"  # longer than the settings allow
    NEVER = "never"  # nothing has come yet
    NOT_ASKED = "not_asked"  # she is not to be located now, or has no phone registered


@dataclass(frozen=True, slots=True)
class Told:
    """A notice for her that still stands. ``seen_ends``: it stands until she says that she has seen it."""

    id: int
    kind: str
    at: datetime
    text_zh: str
    text_en: str
    seen_ends: bool


SEEN_ENDS = frozenset({NoticeKind.OBJECTION, NoticeKind.LEAVE_DECIDED})
"""Notices that only tell her something; the others stand until their reason is gone, or an officer has told her."""


@dataclass(frozen=True, slots=True)
class Home:
    """``officer`` None: nobody is named yet. ``phone`` is the office's, empty where it is not known. Times are to be shown in
    ``timezone``."""

    name: str
    bureau: str
    office: str
    phone: str
    officer: str | None
    timezone: ZoneInfo
    status: SubjectStatus
    term_from: datetime
    term_until: datetime
    touch: Touch
    last_contact_at: datetime | None
    battery_low: bool
    permission_off: bool
    notices: list[Told]


def home(session: Session, own: Own, settings: Settings, now: datetime) -> Home:
    """How she stands now. No place is in it."""
    subject = own_subject(session, own)
    bureau, office = session.get_one(Bureau, subject.bureau_id), session.get_one(Office, subject.office_id)
    officer = session.get(Officer, subject.officer_id) if subject.officer_id is not None else None
    state = session.get(SubjectState, own.subject_id)
    spans = load_lawful(session, [subject]).get(own.subject_id, ())
    located = any(start <= to_us(now) < end for start, end in spans)
    devices = session.exec(select(Device).where(Device.subject_id == own.subject_id, col(Device.active).is_(True))).all()
    return Home(
        name=subject.name,
        bureau=bureau.name,
        office=office.name,
        phone=settings.portal.office_phones.get(office.code, ""),
        officer=officer.name if officer is not None else None,
        timezone=ZoneInfo(bureau.timezone),
        status=SubjectStatus(subject.status),
        term_from=subject.term_from,
        term_until=subject.term_until,
        touch=_touch(state, devices if located else [], settings, now),
        last_contact_at=state.last_contact_at if state else None,
        battery_low=state is not None and state.low_battery_since is not None,
        permission_off=state is not None and state.permission_off_since is not None,
        notices=_notices(session, own),
    )


def _touch(state: SubjectState | None, devices: Sequence[Device], settings: Settings, now: datetime) -> Touch:
    if not devices:
        return Touch.NOT_ASKED
    if state is None or state.last_contact_at is None:
        return Touch.NEVER
    silence = settings.rules.silence
    allowed_s = max(silence.least_minutes * 60, *(max(silence.missed_intervals * d.interval_s, silence.quiet_s(d.client)) for d in devices))
    return Touch.FINE if now - state.last_contact_at <= timedelta(seconds=allowed_s) else Touch.SILENT


@dataclass(frozen=True, slots=True)
class AskedToCheckIn:
    """A check-in that waits for her answer, and the token of its link."""

    id: int
    expires_at: datetime
    token: str


def check_in_asked(session: Session, own: Own, now: datetime) -> AskedToCheckIn | None:
    """The check-in that she is asked for now, if there is one. Its link stands in the notice to her and nowhere else."""
    c, n = CheckIn, Notice
    waiting = select(c).where(c.subject_id == own.subject_id, col(c.answered_at).is_(None), col(c.missed_at).is_(None))
    made = session.exec(waiting.where(col(c.expires_at) > now, c.skipped == "").order_by(col(c.id).desc())).first()
    if made is None or made.id is None:
        return None
    about = select(n.text_zh).where(n.subject_id == own.subject_id, n.about == f"check_in:{made.id}")
    link = re.search(r"/c/([a-z0-9]+)", session.exec(about.where(n.recipient == Recipient.SUBJECT.value)).first() or "")
    return AskedToCheckIn(made.id, made.expires_at, link[1]) if link else None


def note_seen(session: Session, own: Own, notice_id: int, now: datetime) -> None:
    """She has seen a notice that only tells her something; it is over then. Raises NotFound."""
    n = Notice
    kinds = [kind.value for kind in SEEN_ENDS]
    hers = (col(n.id) == notice_id) & (col(n.subject_id) == own.subject_id) & (col(n.recipient) == Recipient.SUBJECT.value)
    guarded = update(n).where(hers, col(n.kind).in_(kinds), col(n.done_at).is_(None)).values(done_at=now)
    if session.execute(guarded).rowcount == 0:  # type: ignore[attr-defined]
        raise NotFound("There is no such notice any more.", "这条消息已经没有了。")
    record_by(session, own, "notice.seen", subject_id=own.subject_id, detail={"notice": notice_id}, now=now)


def _notices(session: Session, own: Own) -> list[Told]:
    """All but those that ask her to check in: ``check_in_asked`` tells that, and for as long as it stands."""
    n = Notice
    hers = select(n).where(n.subject_id == own.subject_id, n.recipient == Recipient.SUBJECT.value, col(n.done_at).is_(None))
    rows = session.exec(hers.where(n.kind != NoticeKind.CHECK_IN.value).order_by(col(n.id).desc()).limit(10))
    return [Told(row.id or 0, row.kind, row.at, row.text_zh, row.text_en, row.kind in SEEN_ENDS) for row in rows]
