"""期限: terms that run from a moment that a person sets. The service proposes the moment and says where it has it from; it tells officer
and head of each edge before it and when it is reached; it never starts or moves a term by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlmodel import Session, col, select

from corrections.domain import legal
from corrections.domain.casework import ClockKind
from corrections.domain.legal import Contact, ContactSource, Edge, Telling, Terms
from corrections.domain.model import NoticeKind, Recipient, Severity, SubjectStatus
from corrections.errors import Conflict, Invalid, NotFound
from corrections.records.audit import record_by
from corrections.records.last_contact import last_contact
from corrections.records.legal_words import Both, edge_text
from corrections.review.notices import end_about, head_of, notify
from corrections.review.roster import deputy_of, is_absent
from corrections.settings import Settings
from corrections.store.access import Action, Actor, subject_for, within_reach
from corrections.store.tables import Bureau, LegalClock, Officer, SearchCase, Subject

LONGEST_TEXT = 5000
MOST_ROWS = 500


@dataclass(frozen=True, slots=True)
class ProposedStart:
    """What a term could start from, and where that is recorded (``ref`` as ``log_entry:12``). ``at`` None: nothing is known."""

    kind: ClockKind
    at: datetime | None
    source: ContactSource | None
    ref: str = ""


@dataclass(frozen=True, slots=True)
class ClockState:
    """A clock and how far it has come at the moment ``at`` (of one that is over: at its end): the day it is in (0: that of the start),
    its edges, and for one out of contact, beyond which of them she is."""

    clock: LegalClock
    at: datetime
    day: int
    edges: Sequence[tuple[Edge, datetime]]
    contact: Contact | None

    @property
    def next_edge(self) -> tuple[Edge, datetime]:
        """The first edge that is not reached, else the last one."""
        return next((edge for edge in self.edges if edge[1] > self.at), self.edges[-1])


# ---- as a person sets them


def propose_start(session: Session, actor: Actor, subject_id: int, kind: ClockKind, now: datetime) -> ProposedStart:
    """What a term of a subject could start from: out of contact, the last contact that is recorded; reporting in, the beginning of her
    term, which is when the judgment took effect as far as the register knows. Raises Forbidden, NotFound."""
    return _proposed(session, subject_for(session, actor, subject_id, Action.SEARCH), ClockKind(kind), now)


def start_clock(
    session: Session,
    actor: Actor,
    subject_id: int,
    *,
    kind: ClockKind,
    starts_at: datetime,
    basis: str,
    settings: Settings,
    now: datetime,
) -> LegalClock:
    """Start a term at the moment that the actor sets, with why from then; what the service would have proposed is kept beside it.

    Raises Invalid (the future; no basis), Conflict (one of its kind runs; the subject is not under supervision), Forbidden, NotFound.
    """
    subject, kind = _held(session, actor, subject_id), ClockKind(kind)
    if subject.status != SubjectStatus.ACTIVE:
        raise Conflict(
            f"The subject is not under supervision ({subject.status}).", "该对象当前不在矫正状态，不能起算期限。", field="status"
        )
    if running(session, subject_id, kind) is not None:
        raise Conflict("A term of this kind runs already: end it, or change its start.", "该类期限已在计算中，请先结束或更改起算时间。")
    return _start(session, actor, subject, kind, starts_at, checked(basis, "basis"), settings, now)


def change_start(
    session: Session, actor: Actor, clock_id: int, *, starts_at: datetime, reason: str, settings: Settings, now: datetime
) -> LegalClock:
    """Let a running term start at another moment: the old one ends with the reason, a new one takes its place.

    Raises Invalid, Conflict (it is over), Forbidden, NotFound.
    """
    old = clock_for(session, actor, clock_id)
    subject, why = _held(session, actor, old.subject_id), checked(reason, "reason")
    _end(session, old, actor, now, why, now)
    new = _start(session, actor, subject, ClockKind(old.kind), starts_at, why, settings, now)
    session.execute(update(SearchCase).where(col(SearchCase.clock_id) == old.id).values(clock_id=new.id))
    return new


def end_clock(session: Session, actor: Actor, clock_id: int, *, note: str, at: datetime | None = None, now: datetime) -> LegalClock:
    """End a term: she was found, or has reported in, at ``at`` (now, where it is not said).

    Raises Invalid (before it began; the future; no note), Conflict (it is over), Forbidden, NotFound.
    """
    clock, ended_at = clock_for(session, actor, clock_id), at or now
    if not clock.starts_at <= ended_at <= now:
        raise Invalid("A term ends after it began, and not in the future.", "结束时间应晚于起算时间，且不晚于当前时间。", field="at")
    return _end(session, clock, actor, ended_at, checked(note, "note"), now)


# ---- as they are read


def running(session: Session, subject_id: int, kind: ClockKind) -> LegalClock | None:
    """The term of a kind that runs for a subject, if there is one."""
    c = LegalClock
    return session.exec(select(c).where(c.subject_id == subject_id, c.kind == kind.value, col(c.ended_at).is_(None))).first()


def clock_for(session: Session, actor: Actor, clock_id: int) -> LegalClock:
    """The clock, if its subject is within the actor's reach. Raises Forbidden, NotFound."""
    actor.require(Action.SEARCH)
    clock = session.get(LegalClock, clock_id)
    subject = session.get_one(Subject, clock.subject_id) if clock is not None else None
    if clock is None or subject is None or not actor.reaches(subject.office_id, subject.bureau_id):
        raise NotFound(f"There is no term {clock_id} in your offices.", f"您所在机构没有编号 {clock_id} 的期限。")
    return clock


def list_clocks(
    session: Session,
    actor: Actor | None,
    *,
    running: bool | None = None,
    subject_id: int | None = None,
    before: int | None = None,
    limit: int = 100,
) -> Sequence[LegalClock]:
    """Clocks within reach, newest first; ``running`` None: all. ``before`` is the last id of the page before. Raises Invalid, Forbidden."""
    if not 1 <= limit <= MOST_ROWS:
        raise Invalid(f"limit must be 1 to {MOST_ROWS}.", f"limit 应为 1 至 {MOST_ROWS}。", field="limit")
    c = LegalClock
    statement = select(c)
    if actor is not None:
        actor.require(Action.SEARCH)
        statement = statement.join(Subject, col(Subject.id) == col(c.subject_id)).where(within_reach(actor, Subject))
    if running is not None:
        statement = statement.where(col(c.ended_at).is_(None) if running else col(c.ended_at).is_not(None))
    if subject_id is not None:
        statement = statement.where(c.subject_id == subject_id)
    if before is not None:
        statement = statement.where(col(c.id) < before)
    return session.exec(statement.order_by(col(c.id).desc()).limit(limit)).all()


def state_of(session: Session, clock: LegalClock, settings: Settings, now: datetime) -> ClockState:
    """How far a clock has come."""
    terms, zone = _terms(session, clock, settings)
    kind, at = ClockKind(clock.kind), clock.ended_at or now
    edges = legal.edges(kind, clock.starts_at, terms, zone)
    contact = legal.contact_of(clock.starts_at, at, terms, zone) if kind is ClockKind.OUT_OF_CONTACT else None
    return ClockState(clock, at, legal.days_counted(clock.starts_at, at, zone), edges, contact)


# ---- what is due


def clock_edges_due(session: Session, settings: Settings, now: datetime) -> int:
    """Tell officer and head of the edges of running terms whose time has come; returns how many clocks were told of.

    1. Take the clocks whose stored time has come; rows that another process holds are left. 2. Each telling that is due, once and in
    order; one that announces an edge which is reached by now has become needless. 3. Store the time of the next.
    """
    c = LegalClock
    due = select(c).where(col(c.tell_at).is_not(None), col(c.tell_at) <= now, col(c.ended_at).is_(None))
    found = session.exec(due.order_by(col(c.tell_at), col(c.id)).with_for_update(skip_locked=True)).all()
    for clock in found:
        terms, zone = _terms(session, clock, settings)
        every = _tellings(clock, terms, settings, zone)
        subject = session.get_one(Subject, clock.subject_id)
        for telling in every[clock.told :]:
            if telling.at > now:
                break
            if telling.reached or telling.edge_at > now:
                _tell(session, subject, clock, telling, edge_text(telling, clock.starts_at, terms, zone), now)
            clock.told += 1
        clock.tell_at = every[clock.told].at if clock.told < len(every) else None
    session.flush()
    return len(found)


def _tell(session: Session, subject: Subject, clock: LegalClock, telling: Telling, text: Both, now: datetime) -> None:
    if telling.reached:
        end_about(session, f"clock:{clock.id}", now)  # those that announced it
    severity = Severity.HIGH if telling.reached else Severity.MEDIUM
    about, at = f"clock:{clock.id}", max(telling.at, clock.set_at)
    officer, head = officer_of(session, subject, now), head_of(session, subject.office_id, now)
    notify(session, subject, Recipient.OFFICER, NoticeKind.CLOCK, text, at, severity=severity, officer_id=officer, about=about)
    if head != officer or head is None:
        notify(session, subject, Recipient.OFFICE_HEAD, NoticeKind.CLOCK, text, at, severity=severity, officer_id=head, about=about)


def officer_of(session: Session, subject: Subject, now: datetime) -> int | None:
    """Whom to tell of a subject: her officer, or who stands in for one who is away; None: whoever is within reach."""
    officer = None if subject.officer_id is None else session.get(Officer, subject.officer_id)
    if officer is None or not officer.active:
        return None
    assert officer.id is not None
    deputy = deputy_of(session, officer, now) if is_absent(session, officer.id, now) else None
    return officer.id if deputy is None else deputy


# ---- small parts


def checked(text: str, name: str) -> str:
    """A text that says something. Raises Invalid."""
    said = text.strip()
    if not said or len(said) > LONGEST_TEXT or "\x00" in said:
        raise Invalid(f"Write something, in at most {LONGEST_TEXT} characters.", f"请填写内容，不超过 {LONGEST_TEXT} 字。", field=name)
    return said


def zone_of(session: Session, subject: Subject) -> ZoneInfo:
    """The time zone of a subject's bureau."""
    return ZoneInfo(session.get_one(Bureau, subject.bureau_id).timezone)


def _held(session: Session, actor: Actor, subject_id: int) -> Subject:
    """The subject, whose row is held until the transaction ends, so that of two who start a term one is told of the other."""
    subject_for(session, actor, subject_id, Action.SEARCH)
    return session.exec(select(Subject).where(Subject.id == subject_id).with_for_update().execution_options(populate_existing=True)).one()


def _start(
    session: Session,
    actor: Actor,
    subject: Subject,
    kind: ClockKind,
    starts_at: datetime,
    basis: str,
    settings: Settings,
    now: datetime,
) -> LegalClock:
    assert subject.id is not None
    if starts_at > now:
        raise Invalid("A term cannot start in the future.", "起算时间不能晚于当前时间。", field="starts_at")
    proposed = _proposed(session, subject, kind, now).at
    clock = LegalClock(
        subject_id=subject.id, kind=kind.value, starts_at=starts_at, proposed_at=proposed, basis=basis, set_by=actor.officer_id, set_at=now
    )  # fmt: skip
    terms, zone = _terms(session, clock, settings)
    clock.tell_at = _tellings(clock, terms, settings, zone)[0].at
    session.add(clock)
    session.flush()
    if kind is ClockKind.OUT_OF_CONTACT:
        s = SearchCase
        open_ones = (col(s.subject_id) == subject.id, col(s.closed_at).is_(None), col(s.clock_id).is_(None))
        session.execute(update(s).where(*open_ones).values(clock_id=clock.id))
    detail = {"clock": clock.id, "kind": kind.value, "starts_at": starts_at, "proposed_at": proposed, "basis": basis}
    record_by(session, actor, "clock.start", subject_id=subject.id, detail=detail, now=now)
    return clock


def _end(session: Session, clock: LegalClock, actor: Actor, at: datetime, note: str, now: datetime) -> LegalClock:
    c = LegalClock
    values = {"ended_at": at, "ended_by": actor.officer_id, "end_note": note, "tell_at": None}
    guarded = update(c).where(col(c.id) == clock.id, col(c.ended_at).is_(None)).values(**values)
    if session.execute(guarded, execution_options={"synchronize_session": False}).rowcount == 0:  # type: ignore[attr-defined]
        raise Conflict("The term is over already.", "该期限已结束。")
    session.refresh(clock)
    end_about(session, f"clock:{clock.id}", now)
    detail = {"clock": clock.id, "kind": clock.kind, "ended_at": at, "note": note}
    record_by(session, actor, "clock.end", subject_id=clock.subject_id, detail=detail, now=now)
    return clock


def _proposed(session: Session, subject: Subject, kind: ClockKind, now: datetime) -> ProposedStart:
    assert subject.id is not None
    if kind is ClockKind.REPORTING_IN:
        known = subject.term_from <= now
        return ProposedStart(kind, subject.term_from if known else None, ContactSource.TERM if known else None)
    found = last_contact(session, subject.id, now)
    return ProposedStart(kind, None, None) if found is None else ProposedStart(kind, found.at, found.source, found.ref)


def _terms(session: Session, clock: LegalClock, settings: Settings) -> tuple[Terms, ZoneInfo]:
    """The numbers in force on the day on which a clock started, and the wall clock of its bureau."""
    zone = zone_of(session, session.get_one(Subject, clock.subject_id))
    return settings.legal.terms_on(legal.local_day(clock.starts_at, zone)), zone


def _tellings(clock: LegalClock, terms: Terms, settings: Settings, zone: ZoneInfo) -> list[Telling]:
    edges = legal.edges(ClockKind(clock.kind), clock.starts_at, terms, zone)
    return legal.tellings(edges, settings.legal.edge_ahead_days, settings.legal.remind_at, zone)
