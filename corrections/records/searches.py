"""查找 of a subject who is out of contact (社区矫正法 Art 30: at once): an officer opens it, records each step, and closes it with what
came of it. Steps are added and never changed. Whether to search, and when a search is over, a person decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlmodel import Session, col, select

from corrections.domain.casework import ClockKind, SearchOutcome, SearchStepKind
from corrections.domain.model import NoticeKind, Recipient, ReviewState, Severity, SubjectStatus
from corrections.errors import Conflict, Invalid, NotFound
from corrections.records import clocks
from corrections.records.audit import record_by
from corrections.records.clocks import checked
from corrections.records.legal_words import SEARCH_OPENED, STATUS_WANTED
from corrections.records.logs import AMEND_DAYS
from corrections.records.register import change_status
from corrections.review.events import EventKind, append
from corrections.review.notices import end_about, head_of, notify
from corrections.settings import Settings
from corrections.store.access import Action, Actor, subject_for, violation_for, within_reach
from corrections.store.tables import SearchCase, SearchStep, Subject, Violation

MOST_ROWS = 500

STATUS_AFTER = {SearchOutcome.CUSTODY: SubjectStatus.CUSTODY, SearchOutcome.DECEASED: SubjectStatus.DECEASED}
"""What is to be registered of a subject after a search that found out that she is held elsewhere, or has died."""


@dataclass(frozen=True, slots=True)
class SearchState:
    """A search and what one asks of it first: who was told, whether it found her, and what is still to be registered (None: nothing)."""

    case: SearchCase
    steps: Sequence[SearchStep]
    police_told_at: datetime | None
    procuratorate_told_at: datetime | None
    status_wanted: SubjectStatus | None


def open_search(
    session: Session,
    actor: Actor,
    subject_id: int,
    *,
    reason: str,
    violation_id: int | None = None,
    clock_from: datetime | None = None,
    settings: Settings,
    now: datetime,
) -> SearchCase:
    """Open a search, by hand or from one of her violations (a silence), which then shows it.

    1. One at a time. 2. The term out of contact: one that runs is bound to it; with ``clock_from`` one is started from then, with the
    reason; else it stays to be started, and ``clocks.propose_start`` tells from when. 3. The office head is told.
    Raises Invalid, Conflict (one is open; she is not under supervision), Forbidden, NotFound.
    """
    subject_for(session, actor, subject_id, Action.SEARCH)
    violation = None if violation_id is None else _violation(session, actor, subject_id, violation_id)
    said = checked(reason, "reason")
    held = select(Subject).where(Subject.id == subject_id).with_for_update().execution_options(populate_existing=True)
    subject = session.exec(held).one()
    if subject.status != SubjectStatus.ACTIVE:
        raise Conflict(
            f"The subject is not under supervision ({subject.status}).", "该对象当前不在矫正状态，不能开始查找。", field="status"
        )
    if open_search_of(session, subject_id) is not None:
        raise Conflict("A search for this person is open already.", "对该对象的查找已在进行中。")
    clock = clocks.running(session, subject_id, ClockKind.OUT_OF_CONTACT)
    if clock is None and clock_from is not None:
        started = {"kind": ClockKind.OUT_OF_CONTACT, "starts_at": clock_from, "basis": said}
        clock = clocks.start_clock(session, actor, subject_id, **started, settings=settings, now=now)  # type: ignore[arg-type]
    elif clock_from is not None:
        raise Conflict("The term out of contact runs already; change its start instead.", "脱离监管期限已在计算中，请更改其起算时间。")
    case = SearchCase(
        bureau_id=subject.bureau_id, office_id=subject.office_id, subject_id=subject_id, clock_id=clock.id if clock else None,
        violation_id=violation_id, opened_by=actor.officer_id, opened_at=now, reason=said,
    )  # fmt: skip
    session.add(case)
    session.flush()
    if violation is not None:
        _show(session, violation, case, ("已开始查找", "A search was opened"), actor, now)
    detail = {"search": case.id, "violation": violation_id, "clock": case.clock_id, "reason": said}
    record_by(session, actor, "search.open", subject_id=subject_id, detail=detail, now=now)
    _tell_head(session, subject, case, SEARCH_OPENED, now)
    return case


def add_step(
    session: Session,
    actor: Actor,
    search_id: int,
    *,
    kind: SearchStepKind,
    text: str,
    at: datetime | None = None,
    found: bool = False,
    now: datetime,
) -> SearchStep:
    """Record what was done in a search at ``at`` (now, where it is not said), and what came of it; ``found``: it found her. It may have
    been done before the search was opened.

    Raises Invalid (nothing said; the future; too long ago), Conflict (it is closed), Forbidden, NotFound.
    """
    case, done_at = search_for(session, actor, search_id), at or now
    if not now - timedelta(days=AMEND_DAYS) <= done_at <= now:
        raise Invalid(
            f"A step is of the last {AMEND_DAYS} days: record it while the log can still be added to.",
            f"只能记录最近 {AMEND_DAYS} 天内的查找步骤，且不得晚于当前时间。",
            field="at",
        )
    if case.closed_at is not None:
        raise Conflict("The search is closed; open a new one.", "该查找已结束，请另行开始查找。")
    step = SearchStep(
        search_id=search_id, at=done_at, officer_id=actor.officer_id, kind=SearchStepKind(kind).value, text=checked(text, "text"),
        found=found, recorded_at=now,
    )  # fmt: skip
    session.add(step)
    session.flush()
    detail = {"search": search_id, "step": step.id, "kind": step.kind, "at": done_at, "found": found}
    record_by(session, actor, "search.step", subject_id=case.subject_id, detail=detail, now=now)
    return step


def close_search(
    session: Session,
    actor: Actor,
    search_id: int,
    *,
    outcome: SearchOutcome,
    note: str,
    at: datetime | None = None,
    register_status: bool = False,
    settings: Settings,
    now: datetime,
) -> SearchCase:
    """Close a search with what came of it, known since ``at`` (now, where it is not said).

    1. Once. 2. Unless she was not found, the term out of contact ends at ``at``. 3. Held elsewhere or dead: that is to be registered, here
    with ``register_status`` by an actor who may write the register, else by whoever may, who is told.
    Raises Invalid, Conflict (it is closed), Forbidden, NotFound.
    """
    case, known_at, outcome = search_for(session, actor, search_id), at or now, SearchOutcome(outcome)
    if known_at > now:
        raise Invalid("What came of a search cannot lie in the future.", "查找结果的时间不能晚于当前时间。", field="at")
    status = STATUS_AFTER.get(outcome)
    if register_status and status is None:
        raise Invalid("Only custody and death are registered with it.", "只有被限制人身自由或者死亡需要登记状态。", field="register_status")
    if register_status:
        actor.require(Action.WRITE_REGISTER)
    s, said = SearchCase, checked(note, "note")
    values = {"closed_at": now, "closed_by": actor.officer_id, "outcome": outcome.value, "outcome_note": said}
    guarded = update(s).where(col(s.id) == search_id, col(s.closed_at).is_(None)).values(**values)
    if session.execute(guarded, execution_options={"synchronize_session": False}).rowcount == 0:  # type: ignore[attr-defined]
        raise Conflict("The search is closed already.", "该查找已结束。")
    session.refresh(case)
    _follow(session, actor, case, known_at, said, now)
    detail = {"search": search_id, "outcome": outcome.value, "at": known_at}
    record_by(session, actor, "search.close", subject_id=case.subject_id, detail=detail, now=now)
    if status is not None and register_status:
        change_status(session, actor, case.subject_id, status=status, since=known_at, rules=settings.rules, now=now)
    elif status is not None:
        _tell_head(session, session.get_one(Subject, case.subject_id), case, STATUS_WANTED, now, kind=NoticeKind.CLOCK)
    return case


# ---- as they are read


def open_search_of(session: Session, subject_id: int) -> SearchCase | None:
    """The search that is open for a subject, if there is one."""
    return session.exec(select(SearchCase).where(SearchCase.subject_id == subject_id, col(SearchCase.closed_at).is_(None))).first()


def searches_of_violation(session: Session, violation_id: int) -> Sequence[SearchCase]:
    """The searches that were opened from a violation, oldest first."""
    return session.exec(select(SearchCase).where(SearchCase.violation_id == violation_id).order_by(col(SearchCase.id))).all()


def search_for(session: Session, actor: Actor, search_id: int, action: Action = Action.SEARCH) -> SearchCase:
    """The search, if the actor may do ``action`` and its subject is within her reach. Raises Forbidden, NotFound."""
    actor.require(action)
    case = session.get(SearchCase, search_id)
    subject = session.get_one(Subject, case.subject_id) if case is not None else None
    if case is None or subject is None or not actor.reaches(subject.office_id, subject.bureau_id):
        raise NotFound(f"There is no search {search_id} in your offices.", f"您所在机构没有编号 {search_id} 的查找。")
    return case


def list_searches(
    session: Session,
    actor: Actor | None,
    *,
    open: bool | None = None,
    subject_id: int | None = None,
    before: int | None = None,
    limit: int = 100,
) -> Sequence[SearchCase]:
    """Searches within reach, newest first; ``open`` None: all. ``before`` is the last id of the page before. Raises Invalid, Forbidden."""
    if not 1 <= limit <= MOST_ROWS:
        raise Invalid(f"limit must be 1 to {MOST_ROWS}.", f"limit 应为 1 至 {MOST_ROWS}。", field="limit")
    s = SearchCase
    statement = select(s)
    if actor is not None:
        actor.require(Action.SEARCH)
        statement = statement.join(Subject, col(Subject.id) == col(s.subject_id)).where(within_reach(actor, Subject))
    if open is not None:
        statement = statement.where(col(s.closed_at).is_(None) if open else col(s.closed_at).is_not(None))
    if subject_id is not None:
        statement = statement.where(s.subject_id == subject_id)
    if before is not None:
        statement = statement.where(col(s.id) < before)
    return session.exec(statement.order_by(col(s.id).desc()).limit(limit)).all()


def state_of(session: Session, case: SearchCase) -> SearchState:
    """A search with its steps in order of when they were done."""
    p = SearchStep
    steps = session.exec(select(p).where(p.search_id == case.id).order_by(col(p.at), col(p.id))).all()

    def first(kind: SearchStepKind) -> datetime | None:
        return next((step.at for step in steps if step.kind == kind), None)

    subject = session.get_one(Subject, case.subject_id)
    wanted = STATUS_AFTER.get(SearchOutcome(case.outcome)) if case.outcome and subject.status == SubjectStatus.ACTIVE else None
    return SearchState(case, steps, first(SearchStepKind.POLICE), first(SearchStepKind.PROCURATORATE), wanted)


# ---- small parts


def _violation(session: Session, actor: Actor, subject_id: int, violation_id: int) -> Violation:
    violation = violation_for(session, actor, violation_id, Action.SEARCH)
    if violation.subject_id != subject_id or violation.review_state == ReviewState.WITHDRAWN:
        raise Invalid("The violation is not one of this person, or was withdrawn.", "该违规不属于该对象，或已撤回。", field="violation_id")
    return violation


def _follow(session: Session, actor: Actor, case: SearchCase, known_at: datetime, note: str, now: datetime) -> None:
    """What follows from the end of a search: the term out of contact ends, the violation shows it, notices are needless."""
    clock = clocks.running(session, case.subject_id, ClockKind.OUT_OF_CONTACT)
    if clock is not None and case.outcome != SearchOutcome.NOT_FOUND:
        assert clock.id is not None
        clocks.end_clock(session, actor, clock.id, at=max(known_at, clock.starts_at), note=note, now=now)
    if case.violation_id is not None:
        _show(session, session.get_one(Violation, case.violation_id), case, ("查找已结束", "The search was closed"), actor, now)
    end_about(session, f"search:{case.id}", now)


def _show(session: Session, violation: Violation, case: SearchCase, said: tuple[str, str], actor: Actor, now: datetime) -> None:
    """Have a violation's history show what became of its search."""
    text = {"zh": f"{said[0]}（第 {case.id} 号）。", "en": f"{said[1]} (no. {case.id})."}
    content = {"search": case.id, "outcome": case.outcome, "text": text}
    append(session, violation, EventKind.NOTED, content, now, actor.officer_id)


def _tell_head(
    session: Session, subject: Subject, case: SearchCase, text: tuple[str, str], now: datetime, *, kind: NoticeKind = NoticeKind.SEARCH
) -> None:
    head = head_of(session, subject.office_id, now)
    recipient = Recipient.BUREAU if head is None else Recipient.OFFICE_HEAD
    about = f"search:{case.id}"
    notify(session, subject, recipient, kind, text, now, severity=Severity.HIGH, officer_id=head, about=about)
