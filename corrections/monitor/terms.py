"""The end of a term of supervision, and the reminders before it and before the end of a legal basis.

``term_until`` is the first moment after the term, as a rule the midnight that ends its last day, which counts whole. Reports from then on
are refused by that moment itself (``ingest.decide``, ``rulebook.load_lawful``), whenever this runs; here the rest follows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from corrections.domain.legal import LAWFUL, local_day, moment_of
from corrections.domain.model import NoticeKind, Recipient, Severity, SubjectStatus
from corrections.records.audit import SERVICE, record
from corrections.records.clocks import officer_of
from corrections.records.legal_words import Both, authority_ahead, term_ahead, term_ended
from corrections.records.permits import Basis
from corrections.records.standing import set_status
from corrections.review.notices import end_about, head_of, notify
from corrections.settings import Settings
from corrections.store.tables import Authority, Bureau, Notice, ScheduleMark, Subject

REMINDED = (SubjectStatus.ACTIVE.value, SubjectStatus.CUSTODY.value)


# ---- the end of term


def end_terms_due(session: Session, settings: Settings, now: datetime) -> int:
    """End the supervision of those whose term is over, since that very moment; returns of how many.

    1. Find those under supervision whose term has ended; rows that another process holds are left. 2. Their status, with all that
    follows from it. 3. The audit trail names the service. 4. The officer is told what is left for her to do.
    One whose term ended in custody is left to a person.
    """
    s = Subject
    over = select(s).where(s.status == SubjectStatus.ACTIVE.value, col(s.term_until) <= now)
    found = session.exec(over.order_by(col(s.term_until), col(s.id)).with_for_update(skip_locked=True)).all()
    zones: dict[int, ZoneInfo] = {}
    for subject in found:
        detail = set_status(session, subject, SubjectStatus.ENDED, subject.term_until, settings.rules, now)
        record(session, SERVICE, "subject.status", subject_id=subject.id, detail=detail | {"why": "end of term"}, now=now)
        zone = zones.setdefault(subject.bureau_id, _zone(session, subject.bureau_id))
        text = term_ended(subject.term_until, subject.category in LAWFUL, zone)
        _tell(session, subject, NoticeKind.TERM_ENDED, text, subject.term_until, f"term:{subject.id}", now)
    return len(found)


# ---- reminders


@dataclass(frozen=True, slots=True)
class _Reminder:
    """Somebody is to be told of an end that comes; ``at`` is when its reason began, which tells it from one of another end."""

    subject: Subject
    about: str
    at: datetime
    text: Both
    head_too: bool


def terms_due(session: Session, settings: Settings, now: datetime) -> int:
    """Remind of ends of term and of legal bases that come, once a local day at the hour of the settings; returns how many reminders.

    1. For each bureau, the last time of day that has come; one that was looked at already, or that another process looks at, is passed
    over. 2. All ends within the days of the settings. 3. Each that was not reminded of: officer and, of a legal basis, head. A term that
    was changed is reminded of anew. After a stop nothing is missed, and nothing told twice.
    """
    told = 0
    for bureau in session.exec(select(Bureau).order_by(col(Bureau.id))).all():
        zone = ZoneInfo(bureau.timezone)
        slot = _last_slot(now, settings.legal.remind_at, zone)
        if _take(session, f"terms:{bureau.id}", slot):
            told += sum(_remind(session, reminder, now) for reminder in _reminders(session, bureau, settings, zone, now))
    return told


def _last_slot(now: datetime, at: time, zone: ZoneInfo) -> datetime:
    today = local_day(now, zone)
    slot = moment_of(today, at, zone)
    return slot if slot <= now else moment_of(today - timedelta(days=1), at, zone)


def _take(session: Session, name: str, slot: datetime) -> bool:
    """Move a schedule's mark to ``slot``; whether it was before it, and nobody else moves it at this moment."""
    m = ScheduleMark
    mark = session.exec(select(m).where(m.name == name).with_for_update(skip_locked=True)).first()
    if mark is None:
        try:
            with session.begin_nested():
                session.add(m(name=name, at=slot))
        except IntegrityError:  # it is there, and held
            return False
        return True
    fresh = mark.at < slot
    mark.at = max(mark.at, slot)
    return fresh


def _reminders(session: Session, bureau: Bureau, settings: Settings, zone: ZoneInfo, now: datetime) -> Iterator[_Reminder]:
    legal, s, a = settings.legal, Subject, Authority

    def begun(end: datetime, days: int) -> datetime:
        return moment_of(local_day(end - datetime.resolution, zone) - timedelta(days=days), legal.remind_at, zone)

    horizon = now + timedelta(days=legal.term_ahead_days + 1)
    terms = select(s).where(s.bureau_id == bureau.id, col(s.status).in_(REMINDED), col(s.category).in_([each.value for each in LAWFUL]))
    terms = terms.where(col(s.term_until) > now, col(s.term_until) <= horizon)
    for subject in session.exec(terms.order_by(col(s.term_until), col(s.id))) if legal.term_ahead_days else ():
        at = begun(subject.term_until, legal.term_ahead_days)
        yield _Reminder(subject, f"term:{subject.id}", at, term_ahead(subject.term_until, zone), head_too=False)
    horizon = now + timedelta(days=legal.authority_ahead_days + 1)
    bases = select(a, s).join(s, col(s.id) == col(a.subject_id)).where(s.bureau_id == bureau.id, s.status == SubjectStatus.ACTIVE.value)
    bases = bases.where(col(a.revoked_at).is_(None), col(a.valid_until) > now, col(a.valid_until) <= horizon)
    for basis, subject in session.exec(bases.order_by(col(a.valid_until), col(a.id))).all() if legal.authority_ahead_days else ():
        if basis.valid_until < subject.term_until and not _followed(session, basis):
            text = authority_ahead(basis.valid_until, basis.basis.startswith(Basis.ARTICLE29), zone)
            yield _Reminder(subject, f"authority:{basis.id}", begun(basis.valid_until, legal.authority_ahead_days), text, head_too=True)


def _followed(session: Session, basis: Authority) -> bool:
    """Whether another legal basis of the same kind takes over when this one ends."""
    a = Authority
    later = select(a.id).where(a.subject_id == basis.subject_id, a.id != basis.id, col(a.revoked_at).is_(None))
    later = later.where(col(a.valid_from) <= basis.valid_until, col(a.valid_until) > basis.valid_until)
    return session.exec(later.where(col(a.basis).startswith(basis.basis.partition(".")[0])).limit(1)).first() is not None


def _remind(session: Session, reminder: _Reminder, now: datetime) -> int:
    """Whether it was given now: it had begun, and had not been given before."""
    n = Notice
    given = select(n.id).where(n.subject_id == reminder.subject.id, n.about == reminder.about, n.at == reminder.at)
    if reminder.at > now or session.exec(given.where(n.kind == NoticeKind.CLOCK.value).limit(1)).first() is not None:
        return 0
    end_about(session, reminder.about, now)  # of an end that was changed since
    _tell(session, reminder.subject, NoticeKind.CLOCK, reminder.text, reminder.at, reminder.about, now, head_too=reminder.head_too)
    return 1


def _tell(
    session: Session, subject: Subject, kind: NoticeKind, text: Both, at: datetime, about: str, now: datetime, *, head_too: bool = False
) -> None:
    officer, head = officer_of(session, subject, now), head_of(session, subject.office_id, now)
    notify(session, subject, Recipient.OFFICER, kind, text, at, severity=Severity.MEDIUM, officer_id=officer, about=about)
    if head_too and (head is None or head != officer):
        notify(session, subject, Recipient.OFFICE_HEAD, kind, text, at, severity=Severity.MEDIUM, officer_id=head, about=about)


def _zone(session: Session, bureau_id: int) -> ZoneInfo:
    return ZoneInfo(session.get_one(Bureau, bureau_id).timezone)
