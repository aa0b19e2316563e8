"""异议: what a subject objects to, and what she is answered, by a head who had no part in it and by a set day; unanswered, it goes up.

An objection changes nothing by itself: whoever upholds it takes the step that follows (reopens the violation, revokes the measure).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlmodel import Session, col, func, select

from corrections.domain.calendar import WorkCalendar
from corrections.domain.casework import ObjectedTo, ObjectionOutcome
from corrections.domain.model import NoticeKind, Recipient, ReviewState, Severity
from corrections.errors import Conflict, Forbidden, Invalid, NotFound
from corrections.records.audit import record_by
from corrections.records.register import subject_in_reach
from corrections.review.notices import head_of, notify
from corrections.settings import Settings
from corrections.settings.portal import ObjectionTerms, Portal
from corrections.settings.section import in_force
from corrections.store.access import Action, Actor, Own, within_reach
from corrections.store.tables import Bureau, LeaveRequest, Measure, Notice, Objection, Proposal, Subject, Violation

LONGEST_TEXT = 5000
MOST_ROWS = 500
Both = tuple[str, str]

WAITS: Both = ("有一份异议需要答复。", "An objection waits for an answer.")
DUE_SOON: Both = ("有一份异议即将到期，请尽快答复。", "An objection must be answered soon.")
OVERDUE: Both = ("有一份异议逾期未答复。", "An objection was not answered in time.")
ANSWERED: Both = ("您的异议已有答复，请在“异议”中查看。", "Your objection was answered. See it under “Object”.")


@dataclass(frozen=True, slots=True)
class _Terms:
    """The working calendar of a subject's bureau and the deadlines in force on a day."""

    calendar: WorkCalendar
    entries: ObjectionTerms

    def end_of(self, day: date) -> datetime:
        """The end of the working hours of a day that is worked."""
        midnight = datetime.combine(day + timedelta(days=1), time(), self.calendar.timezone)
        return self.calendar.before(midnight, timedelta())

    def days_after(self, at: datetime, days: int) -> datetime:
        """The end of the working day that is so many working days after the day of ``at``."""
        return self.end_of(self.calendar.days_after(self.calendar.local_day(at), days))

    def remind_at(self, due_at: datetime) -> datetime | None:
        """So many working days before it is due, at the same hour; None: never."""
        if not self.entries.remind_days:
            return None
        day = self.calendar.local_day(due_at)
        left = self.entries.remind_days
        while left:
            day -= timedelta(days=1)
            left -= self.calendar.is_working_day(day)
        return self.end_of(day)


def object_(
    session: Session,
    actor: Actor | Own | None,
    subject_id: int,
    *,
    about: ObjectedTo,
    about_id: int | None = None,
    text: str,
    settings: Settings,
    now: datetime,
) -> Objection:
    """Record an objection of a subject: her own, or as an officer takes it down. ``about_id`` is the violation, measure or leave request.

    1. It is hers, and there. 2. Not one that waits already. 3. It is due by the end of a working day. 4. The office head is told; where
    she was herself part of what is objected to, the bureau.
    Raises Invalid, Conflict, Forbidden, NotFound.
    """
    subject = _whose(session, actor, subject_id)
    about = ObjectedTo(about)
    said = _checked(text, "text")
    _objected(session, subject_id, about, about_id, settings.portal, own=isinstance(actor, Own))
    _not_waiting(session, subject_id, about, about_id, settings.portal.objections_open)
    terms = _terms(session, subject.bureau_id, settings, now)
    due_at = terms.days_after(now, terms.entries.answer_days)
    remind_at = terms.remind_at(due_at)
    objection = Objection(
        bureau_id=subject.bureau_id,
        office_id=subject.office_id,
        subject_id=subject_id,
        about=about.value,
        about_id=about_id,
        text=said,
        at=now,
        recorded_by=actor.officer_id if isinstance(actor, Actor) else None,
        due_at=due_at,
        escalate_at=remind_at if remind_at is not None and remind_at > now else due_at,
    )
    session.add(objection)
    session.flush()
    detail = {"objection": objection.id, "about": about.value, "about_id": about_id, "due_at": due_at}
    record_by(session, actor, "objection.make", subject_id=subject_id, detail=detail, now=now)
    _tell_head(session, subject, objection, WAITS, now)
    return objection


def answer(
    session: Session,
    actor: Actor,
    objection_id: int,
    *,
    outcome: ObjectionOutcome,
    text: str,
    now: datetime,
) -> Objection:
    """Answer an objection, by a head who had no part in what is objected to. She is told that there is an answer.

    Raises Invalid, Conflict (it was answered), Forbidden, NotFound.
    """
    objection = objection_for(session, actor, objection_id, Action.SECOND)
    if actor.officer_id in concerned(session, objection):
        raise Forbidden(
            "You had a part in what is objected to: another head answers, or the bureau.",
            "您参与过所异议的事项，须由其他负责人或区司法局答复。",
        )
    said = _checked(text, "text")
    o = Objection
    values = {
        "answered_at": now, "answered_by": actor.officer_id, "outcome": ObjectionOutcome(outcome).value, "answer": said,
        "escalate_at": None,
    }  # fmt: skip
    guarded = update(o).where(col(o.id) == objection_id, col(o.answered_at).is_(None)).values(**values)
    if session.execute(guarded, execution_options={"synchronize_session": False}).rowcount == 0:  # type: ignore[attr-defined]
        raise Conflict("The objection was answered already.", "该异议已答复。")
    session.refresh(objection)
    _end_notices(session, objection, now)
    detail = {"objection": objection_id, "outcome": objection.outcome}
    record_by(session, actor, "objection.answer", subject_id=objection.subject_id, detail=detail, now=now)
    subject = session.get_one(Subject, objection.subject_id)
    notify(session, subject, Recipient.SUBJECT, NoticeKind.OBJECTION, ANSWERED, now, about=f"objection:{objection_id}")
    return objection


def objections_due(session: Session, settings: Settings, now: datetime) -> int:
    """Remind of objections that are due soon and tell the bureau of those that are late, again and again until they are answered.

    1. Take those whose next moment has come; rows that another process holds are left. 2. Before the due time: the head is reminded.
    3. From then on: the bureau is told. 4. Store the next moment: the due time, or so many working days on.
    Safe to run twice or late; a late run tells once, not once for each moment missed. Returns how many were told of.
    """
    o = Objection
    waiting = select(o).where(col(o.escalate_at).is_not(None), col(o.escalate_at) <= now, col(o.answered_at).is_(None))
    due = session.exec(waiting.order_by(col(o.escalate_at), col(o.id)).with_for_update(skip_locked=True)).all()
    for objection in due:
        subject = session.get_one(Subject, objection.subject_id)
        terms = _terms(session, objection.bureau_id, settings, objection.at)
        if now < objection.due_at:
            _tell_head(session, subject, objection, DUE_SOON, objection.escalate_at or now)
            objection.escalate_at = objection.due_at
            continue
        at = max(objection.escalate_at or objection.due_at, objection.due_at)
        _tell(session, subject, objection, Recipient.BUREAU, None, OVERDUE, at, Severity.HIGH)
        objection.escalation += 1
        while at <= now:
            at = terms.days_after(at, terms.entries.again_days)
        objection.escalate_at = at
    session.flush()
    return len(due)


# ---- as they are read


def objections_of(session: Session, own: Own) -> Sequence[Objection]:
    """A subject's own objections, newest first."""
    return session.exec(select(Objection).where(Objection.subject_id == own.subject_id).order_by(col(Objection.id).desc())).all()


def list_objections(
    session: Session,
    actor: Actor | None,
    *,
    open: bool | None = None,
    subject_id: int | None = None,
    before: int | None = None,
    limit: int = 100,
) -> Sequence[Objection]:
    """Objections within reach, newest first; ``open`` True keeps those that wait for an answer, False those that were answered. ``before``
    is the last id of the page before. Raises Invalid, Forbidden."""
    if not 1 <= limit <= MOST_ROWS:
        raise Invalid(f"limit must be 1 to {MOST_ROWS}.", f"limit 应为 1 至 {MOST_ROWS}。", field="limit")
    o = Objection
    statement = select(o)
    if actor is not None:
        actor.require(Action.REVIEW)
        statement = statement.where(col(o.subject_id).in_(select(Subject.id).where(within_reach(actor, Subject))))
    if open is not None:
        statement = statement.where(col(o.answered_at).is_(None) if open else col(o.answered_at).is_not(None))
    if subject_id is not None:
        statement = statement.where(o.subject_id == subject_id)
    if before is not None:
        statement = statement.where(col(o.id) < before)
    return session.exec(statement.order_by(col(o.id).desc()).limit(limit)).all()


def objection_for(session: Session, actor: Actor, objection_id: int, action: Action = Action.REVIEW) -> Objection:
    """The objection, if the actor may do ``action`` and its subject is within her reach. Raises Forbidden, NotFound."""
    actor.require(action)
    objection = session.get(Objection, objection_id)
    subject = session.get_one(Subject, objection.subject_id) if objection is not None else None
    if objection is None or subject is None or not actor.reaches(subject.office_id, subject.bureau_id):
        raise NotFound(f"There is no objection {objection_id} in your offices.", f"您所在机构没有编号 {objection_id} 的异议。")
    return objection


def concerned(session: Session, objection: Objection) -> frozenset[int]:
    """The officers who had a part in what is objected to: who decided or handles the violation, proposed, seconded or recorded the
    measure, decided the leave. They do not answer."""
    row: Any = None
    names: tuple[str, ...] = ()
    if objection.about == ObjectedTo.VIOLATION:
        row, names = session.get(Violation, objection.about_id), ("decided_by", "claimed_by")
    elif objection.about == ObjectedTo.LEAVE_REQUEST:
        row, names = session.get(LeaveRequest, objection.about_id), ("decided_by",)
    elif objection.about == ObjectedTo.MEASURE:
        row, names = session.get(Measure, objection.about_id), ("recorded_by",)
    found = {getattr(row, name) for name in names} if row is not None else set()
    if isinstance(row, Measure) and row.proposal_id is not None:
        proposal = session.get_one(Proposal, row.proposal_id)
        found |= {proposal.proposed_by, proposal.seconded_by}
    return frozenset(officer_id for officer_id in found if officer_id is not None)


# ---- checks


def _whose(session: Session, actor: Actor | Own | None, subject_id: int) -> Subject:
    if not isinstance(actor, Own):
        return subject_in_reach(session, actor, subject_id, Action.REVIEW)
    if actor.subject_id != subject_id:
        raise NotFound("There is no such record.", "没有这条记录。")
    return session.get_one(Subject, subject_id)


def _checked(text: str, name: str) -> str:
    said = text.strip()
    if not said or len(said) > LONGEST_TEXT:
        raise Invalid(f"Write something, in at most {LONGEST_TEXT} characters.", f"请填写内容，不超过 {LONGEST_TEXT} 字。", field=name)
    return said


def _objected(session: Session, subject_id: int, about: ObjectedTo, about_id: int | None, portal: Portal, *, own: bool) -> None:
    """Raise unless what is objected to is there and the subject's, and of what she is shown where she asks herself."""
    tables: dict[ObjectedTo, type[Violation] | type[Measure] | type[LeaveRequest]] = {
        ObjectedTo.VIOLATION: Violation, ObjectedTo.MEASURE: Measure, ObjectedTo.LEAVE_REQUEST: LeaveRequest,
    }  # fmt: skip
    table = tables.get(about)
    if (table is None) != (about_id is None):
        raise Invalid(
            "Say which violation, measure or leave request it is about; another objection names none.",
            "请选择是对哪一件事有异议；对数据或其他事项的异议不需要选择。",
            field="about_id",
        )
    row: Any = session.get(table, about_id) if table is not None else None
    hidden = isinstance(row, Violation) and (
        row.review_state == ReviewState.WITHDRAWN or (own and row.decision is None and row.rule in portal.withheld)
    )
    if table is not None and (row is None or row.subject_id != subject_id or hidden):
        raise NotFound("There is no such matter of this subject.", "没有找到这件事。", field="about_id")


def _not_waiting(session: Session, subject_id: int, about: ObjectedTo, about_id: int | None, most: int) -> None:
    o = Objection
    waiting = select(func.count()).select_from(o).where(o.subject_id == subject_id, col(o.answered_at).is_(None))
    if about_id is not None and session.exec(waiting.where(o.about == about.value, o.about_id == about_id)).one():
        raise Conflict("An objection to this waits for an answer already.", "对这件事的异议已经提交，正在等待答复。")
    if session.exec(waiting).one() >= most:
        raise Conflict(f"{most} objections wait for an answer already.", f"已有 {most} 份异议在等待答复。")


def _terms(session: Session, bureau_id: int, settings: Settings, at: datetime) -> _Terms:
    calendar = settings.calendar.at(ZoneInfo(session.get_one(Bureau, bureau_id).timezone))
    return _Terms(calendar, in_force(settings.portal.objections, calendar.local_day(at)))


# ---- who is told


def _tell_head(session: Session, subject: Subject, objection: Objection, text: Both, at: datetime) -> None:
    head = head_of(session, subject.office_id, at)
    if head is None or head in concerned(session, objection):
        _tell(session, subject, objection, Recipient.BUREAU, None, text, at)
    else:
        _tell(session, subject, objection, Recipient.OFFICE_HEAD, head, text, at)


def _tell(
    session: Session, subject: Subject, objection: Objection, recipient: Recipient, officer_id: int | None, text: Both, at: datetime,
    severity: Severity = Severity.MEDIUM,
) -> None:  # fmt: skip
    about = f"objection:{objection.id}"
    notify(session, subject, recipient, NoticeKind.OBJECTION, text, at, severity=severity, officer_id=officer_id, about=about)


def _end_notices(session: Session, objection: Objection, now: datetime) -> None:
    n = Notice
    which = (col(n.about) == f"objection:{objection.id}") & (col(n.subject_id) == objection.subject_id) & col(n.done_at).is_(None)
    session.execute(update(n).where(which).values(done_at=now))
