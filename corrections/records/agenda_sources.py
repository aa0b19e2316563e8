"""From where the list of what is due is gathered: running terms, searches, ends that come, measures that stand, and what waits for an
answer elsewhere. Each source looks by an indexed column, within reach.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, func, literal
from sqlmodel import Session, col, select

from corrections.domain import legal
from corrections.domain.casework import ClockKind, MeasureKind, ProposalState, RequestState, RoundState
from corrections.domain.legal import Contact, DueKind, Edge, Next
from corrections.domain.model import Category, SubjectStatus
from corrections.records import clocks
from corrections.records.measures import counts_of
from corrections.records.permits import Basis
from corrections.records.searches import STATUS_AFTER
from corrections.settings import Settings
from corrections.store.access import Actor, within_reach
from corrections.store.tables import (
    Authority,
    CheckRound,
    Device,
    LeaveRequest,
    LegalClock,
    Measure,
    Objection,
    Proposal,
    SearchCase,
    Subject,
    SubjectState,
)

ON_REGISTER = (SubjectStatus.ACTIVE.value, SubjectStatus.CUSTODY.value)
UNDECIDED = (ProposalState.PROPOSED.value, ProposalState.SECONDED.value)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose agenda it is and how far it looks."""

    session: Session
    actor: Actor | None
    subject_id: int | None
    until: datetime
    settings: Settings
    now: datetime

    @property
    def reach(self) -> ColumnElement[bool]:
        """The subjects that it is about, as a condition over ``Subject``."""
        within = literal(True) if self.actor is None else within_reach(self.actor, Subject)
        return within if self.subject_id is None else within & (col(Subject.id) == self.subject_id)

    def with_subject(self, table: Any, *where: Any) -> Sequence[Any]:
        """Rows of a table of subjects' things, each with its subject."""
        statement = select(table, Subject).join(Subject, col(Subject.id) == col(table.subject_id)).where(self.reach, *where)
        return self.session.exec(statement.order_by(table.id)).all()


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that is due, before it is told in words. ``articles`` empty: those of its kind."""

    kind: DueKind
    ref: str
    at: datetime
    subject: Subject | None
    bureau_id: int
    office_id: int
    officer_id: int | None
    edge: Edge | None = None
    contact: Contact | None = None
    day: int | None = None
    heard_at: datetime | None = None
    may: Sequence[Next] = ()
    articles: Sequence[str] = ()


def everything(scope: Scope) -> Iterator[Found]:
    """All that is due, in no order."""
    for source in (_clocks, _searches, _terms, _authorities, _measures, _waiting, _rounds):
        yield from source(scope)


# ---- running terms and searches


def _clocks(scope: Scope) -> Iterator[Found]:
    """Running clocks, at the next edge, or the last one where all are passed."""
    rows = scope.with_subject(LegalClock, col(LegalClock.ended_at).is_(None))
    counts = counts_of(scope.session, [subject.id for _, subject in rows])
    for clock, subject in rows:
        state = clocks.state_of(scope.session, clock, scope.settings, scope.now)
        edge, at = state.next_edge
        if at > scope.until:
            continue
        kind = ClockKind(clock.kind)
        may: Sequence[Next] = ()
        if state.contact is not None:
            terms = scope.settings.legal.terms_on(legal.local_day(clock.starts_at, clocks.zone_of(scope.session, subject)))
            may = legal.may_be_proposed(Category(subject.category), counts.get(subject.id, {}), state.contact, terms)
        yield _of(
            DueKind(kind.value), f"clock:{clock.id}", at, subject, edge=edge, contact=state.contact, day=state.day, may=may,
            heard_at=_heard_since(scope.session, subject, clock.starts_at),
        )  # fmt: skip


def _heard_since(session: Session, subject: Subject, since: datetime) -> datetime | None:
    """When her phone was last heard, if that was after a moment: a person should look whether she is found."""
    state = session.get(SubjectState, subject.id)
    heard = state.last_contact_at if state is not None else None
    return heard if heard is not None and heard > since else None


def _searches(scope: Scope) -> Iterator[Found]:
    """Open searches, since they were opened; and what closed ones found that is not on the register yet."""
    s = SearchCase
    for case, subject in scope.with_subject(s, col(s.closed_at).is_(None)):
        yield _of(DueKind.SEARCH, f"search:{case.id}", case.opened_at, subject)
    unregistered = (col(s.outcome).in_([outcome.value for outcome in STATUS_AFTER]), Subject.status == SubjectStatus.ACTIVE.value)
    for case, subject in scope.with_subject(s, *unregistered):
        if subject.status_from is None or subject.status_from < case.closed_at:  # not back since
            yield _of(DueKind.STATUS, f"search:{case.id}", case.closed_at, subject)


# ---- ends that come


def _terms(scope: Scope) -> Iterator[Found]:
    ending = select(Subject).where(scope.reach, col(Subject.status).in_(ON_REGISTER), col(Subject.term_until) <= scope.until)
    for subject in scope.session.exec(ending.order_by(col(Subject.id))):
        yield _of(DueKind.TERM_END, f"subject:{subject.id}", subject.term_until, subject)


def _authorities(scope: Scope) -> Iterator[Found]:
    """The last legal basis of those who are located, where it ends before the term: monitoring stops with it."""
    a = Authority
    ends = func.max(a.valid_until)
    last = (
        select(a.subject_id, ends.label("ends")).where(col(a.revoked_at).is_(None)).group_by(col(a.subject_id)).having(ends <= scope.until)
    )
    ending = last.subquery("ending")
    newest = exists().where(ending.c.subject_id == col(a.subject_id), ending.c.ends == col(a.valid_until))
    located = col(Subject.id).in_(select(Device.subject_id).where(col(Device.active).is_(True)))
    supervised = (Subject.status == SubjectStatus.ACTIVE.value, located, col(a.revoked_at).is_(None))
    told = set[int | None]()
    for authority, subject in scope.with_subject(a, *supervised, newest, col(a.valid_until) < col(Subject.term_until)):
        if subject.id not in told:  # two that end at one moment are told as one
            told.add(subject.id)
            article = "law.29" if authority.basis.startswith(Basis.ARTICLE29) else "law.26"
            yield _of(DueKind.AUTHORITY_END, f"authority:{authority.id}", authority.valid_until, subject, articles=(article,))


# ---- measures that stand


def _measures(scope: Scope) -> Iterator[Found]:
    """Those whose admonitions or warnings lead on, since the last of them, until what they lead to was proposed or done."""
    m, standing = Measure, defaultdict[int, list[Measure]](list)
    people: dict[int, Subject] = {}
    for measure, subject in scope.with_subject(m, col(m.revoked_at).is_(None), Subject.status == SubjectStatus.ACTIVE.value):
        standing[subject.id].append(measure)
        people[subject.id] = subject
    proposed = _proposed(scope)
    for subject_id, measures in standing.items():
        subject = people[subject_id]
        terms = scope.settings.legal.terms_on(legal.local_day(scope.now, clocks.zone_of(scope.session, subject)))
        counts = {kind: sum(measure.kind == kind for measure in measures) for kind in MeasureKind}
        found = legal.may_be_proposed(Category(subject.category), counts, None, terms)
        may = [one for one in found if (subject_id, one.measure) not in proposed and not _answered(one, measures)]
        if may:
            at = max(_last(measures, LEADS[one.why]) for one in may)
            yield _of(DueKind.MEASURES, f"subject:{subject_id}", at, subject, may=may)


LEADS = {
    legal.Why.ADMONISHED: MeasureKind.ADMONITION,
    legal.Why.WARNED: MeasureKind.WARNING,
    legal.Why.RULES_BREACHED: MeasureKind.WARNING,
}
"""Of which measures a number leads on, by why."""


def _answered(one: Next, measures: Sequence[Measure]) -> bool:
    """Whether the step was taken after the last measure that leads to it."""
    taken = [measure.decided_on for measure in measures if measure.kind == one.measure]
    return bool(taken) and max(taken) >= _last(measures, LEADS[one.why])


def _last(measures: Sequence[Measure], kind: MeasureKind) -> datetime:
    return max(measure.decided_on for measure in measures if measure.kind == kind)


def _proposed(scope: Scope) -> set[tuple[int, MeasureKind]]:
    """What is proposed already and not decided."""
    rows = scope.with_subject(Proposal, col(Proposal.state).in_(UNDECIDED))
    return {(proposal.subject_id, MeasureKind(proposal.measure)) for proposal, _ in rows}


# ---- what waits elsewhere


def _waiting(scope: Scope) -> Iterator[Found]:
    """Proposals for a second officer, requests for leave, returns from it, objections."""
    p, r, o = Proposal, LeaveRequest, Objection
    for proposal, subject in scope.with_subject(p, p.state == ProposalState.PROPOSED.value):
        yield _of(DueKind.PROPOSAL, f"proposal:{proposal.id}", proposal.proposed_at, subject)
    for request, subject in scope.with_subject(r, r.state == RequestState.REQUESTED.value, col(r.due_at) <= scope.until):
        yield _of(DueKind.LEAVE_DECISION, f"leave_request:{request.id}", request.due_at, subject)
    out = (r.state == RequestState.APPROVED.value, r.kind == "leave", col(r.returned_at).is_(None), col(r.returns_at) <= scope.now)
    extended = col(r.id).not_in(select(r.extends_id).where(col(r.extends_id).is_not(None), r.state == RequestState.APPROVED.value))
    supervised = Subject.status == SubjectStatus.ACTIVE.value
    for request, subject in scope.with_subject(r, *out, extended, supervised):
        yield _of(DueKind.LEAVE_RETURN, f"leave_request:{request.id}", request.returns_at, subject)
    for objection, subject in scope.with_subject(o, col(o.answered_at).is_(None), col(o.due_at) <= scope.until):
        yield _of(DueKind.OBJECTION, f"objection:{objection.id}", objection.due_at, subject)


def _rounds(scope: Scope) -> Iterator[Found]:
    """Rounds that are not signed; they are about no single subject."""
    c = CheckRound
    if scope.subject_id is not None:
        return
    unsigned = select(c).where(c.state == RoundState.OPEN.value, col(c.due_at) <= scope.until)
    if scope.actor is not None:
        unsigned = unsigned.where(within_reach(scope.actor, c))
    for one in scope.session.exec(unsigned.order_by(col(c.id))):
        yield Found(DueKind.ROUND, f"round:{one.id}", one.due_at, None, one.bureau_id, one.office_id, one.officer_id)


def _of(kind: DueKind, ref: str, at: datetime, subject: Subject, **more: Any) -> Found:
    return Found(kind, ref, at, subject, subject.bureau_id, subject.office_id, subject.officer_id, **more)
