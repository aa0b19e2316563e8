"""处理建议: an officer proposes a measure on stated facts and a ground; the subject was heard first; a second officer of the right rank
agrees or refuses; the body that may decides, and what it decided is recorded. The program proposes nothing: it says which grounds the
counts bear out, and makes the paper.

Each step names the ``revision`` that was seen (compare and set).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from corrections.domain import measures as ladder
from corrections.domain.casework import ClockKind, MeasureKind, ProposalState
from corrections.domain.legal import Contact, local_day, moment_of
from corrections.domain.measures import Second
from corrections.domain.model import Category, Decision, NoticeKind, Recipient, ReviewState, SubjectStatus
from corrections.errors import Conflict, Forbidden, Invalid, NotFound
from corrections.records import clocks
from corrections.records.audit import record_by
from corrections.records.casework_words import CASEWORK
from corrections.records.clocks import checked, zone_of
from corrections.records.measures import add_measure, counts, ground_for, named, require_limit, require_open
from corrections.review.notices import end_about, head_of, notify
from corrections.review.roster import is_absent
from corrections.settings import Settings
from corrections.settings.measures import GroundText
from corrections.store.access import Action, Actor, subject_for, within_reach
from corrections.store.tables import Measure, Proposal, Statement, Subject, Violation

MOST_VIOLATIONS = 100
UNDECIDED = (ProposalState.PROPOSED, ProposalState.SECONDED)
SUPERVISED = (SubjectStatus.ACTIVE, SubjectStatus.CUSTODY)
WANTED = ("有一份处理建议待复核。", "A proposal waits for a second officer.")


@dataclass(frozen=True, slots=True)
class Option:
    """A ground on which a measure may be proposed for a subject, whether the counts bear it out, and what it asks for."""

    measure: MeasureKind
    ground: GroundText
    fits: bool
    second: Second
    needs_statement: bool


def options(session: Session, actor: Actor, subject_id: int, *, settings: Settings, now: datetime) -> list[Option]:
    """What may be proposed for a subject, lightest measure first. ``fits`` proposes nothing: it is arithmetic on the measures in force and
    on the term out of contact that a person started. Raises Forbidden, NotFound."""
    subject = subject_for(session, actor, subject_id, Action.PROPOSE)
    day = local_day(now, zone_of(session, subject))
    texts = settings.measures.grounds_on(day)
    contact = _contact(session, subject_id, settings, now)
    known = {ground.key: ground for ground in texts}
    category, plain = Category(subject.category), [ground.as_ground() for ground in texts]
    fitting = ladder.fitting(plain, category, counts(session, subject_id), contact, settings.legal.terms_on(day))
    found = [
        Option(
            one.measure, known[one.key], one.key in fitting, settings.measures.second(one.measure, day),
            settings.measures.needs_statement(one.measure, day),
        )
        for one in ladder.grounds_of(plain, category)
    ]  # fmt: skip
    order = list(MeasureKind)
    return sorted(found, key=lambda option: order.index(option.measure))


def propose(
    session: Session,
    actor: Actor,
    subject_id: int,
    *,
    measure: MeasureKind,
    ground: str,
    facts: str,
    violation_ids: Sequence[int] = (),
    statement_id: int | None = None,
    settings: Settings,
    now: datetime,
) -> Proposal:
    """Propose a measure, by a named officer.

    1. The subject's row is held, so that of two who propose the same one is told of the other. 2. Her category knows the measure, and
    the ground is one of it. 3. The violations that it rests on are hers and were confirmed. 4. Where the settings ask for it she was
    heard before: her statement, or that she declined. 5. It waits for the second officer, who is told; where none is asked for, its
    paper may go out.
    Raises Invalid, Conflict (not under supervision; the same is proposed already), Forbidden, NotFound.
    """
    subject_for(session, actor, subject_id, Action.PROPOSE)
    held = select(Subject).where(Subject.id == subject_id).with_for_update().execution_options(populate_existing=True)
    subject = session.exec(held).one()
    measure, day = MeasureKind(measure), local_day(now, zone_of(session, subject))
    if subject.status not in SUPERVISED:
        raise Conflict("The subject is no longer under supervision.", "该对象已不在矫，不能提出处理建议。", field="status")
    require_open(subject, measure)
    ground_for(subject, measure, ground, settings, day)
    said = checked(facts, "facts")
    rests_on = sorted(set(violation_ids))
    rests = _confirmed(session, subject_id, rests_on)
    _heard(session, subject_id, rests, statement_id, needed=settings.measures.needs_statement(measure, day))
    _not_proposed(session, subject_id, measure)
    second = settings.measures.second(measure, day)
    proposal = Proposal(
        bureau_id=subject.bureau_id, office_id=subject.office_id, subject_id=subject_id, measure=measure.value, ground=ground, facts=said,
        violation_ids=rests_on, statement_id=statement_id, proposed_by=actor.officer_id, proposed_at=now,
        state=(ProposalState.SECONDED if second is Second.NONE else ProposalState.PROPOSED).value,
    )  # fmt: skip
    session.add(proposal)
    session.flush()
    detail = {"proposal": proposal.id, "measure": measure.value, "ground": ground, "violations": rests_on, "statement": statement_id}
    record_by(session, actor, "proposal.make", subject_id=subject_id, detail=detail, now=now)
    _tell_second(session, actor, subject, proposal, second, now)
    return proposal


def second(
    session: Session, actor: Actor, proposal_id: int, *, revision: int, agree: bool, note: str = "", settings: Settings, now: datetime
) -> Proposal:
    """Agree to a proposal, or refuse it with the reason (``note``), as the second officer: of the rank that the settings ask for this
    measure on the day it was proposed, and never the one who proposed it. What rests on a violation that was since reopened or found
    wrong can only be refused. Raises Invalid, Conflict, Forbidden, NotFound."""
    proposal = proposal_for(session, actor, proposal_id, Action.SECOND)
    _seen(proposal, revision, (ProposalState.PROPOSED,))
    if actor.officer_id == proposal.proposed_by:
        raise Forbidden("Whoever proposed it cannot be its second officer.", "提出建议的人员不能复核自己的建议。")
    subject = session.get_one(Subject, proposal.subject_id)
    day = local_day(proposal.proposed_at, zone_of(session, subject))
    asked = settings.measures.second(MeasureKind(proposal.measure), day)
    if asked is Second.BUREAU and not ladder.may_second(asked, actor.role):
        raise Forbidden("This measure is seconded by the bureau.", "此项措施须由区司法局复核。")
    said = checked(note, "note") if note.strip() or not agree else ""
    if agree:
        _still_confirmed(session, proposal)
    state = ProposalState.SECONDED if agree else ProposalState.REFUSED
    values = {"seconded_by": actor.officer_id, "seconded_at": now, "note": said}
    return _step(session, actor, proposal, revision, (ProposalState.PROPOSED,), state, "proposal.second", values, now)


def withdraw(session: Session, actor: Actor, proposal_id: int, *, revision: int, reason: str, now: datetime) -> Proposal:
    """Take a proposal back before it is decided, with the reason. By her who made it. Raises Invalid, Conflict, Forbidden, NotFound."""
    proposal = proposal_for(session, actor, proposal_id, Action.PROPOSE)
    _seen(proposal, revision, UNDECIDED)
    if actor.officer_id != proposal.proposed_by:
        raise Forbidden("Only the officer who proposed it takes it back.", "只有提出建议的人员可以撤回。")
    said = checked(reason, "reason")
    return _step(
        session, actor, proposal, revision, UNDECIDED, ProposalState.WITHDRAWN, "proposal.withdraw", {}, now, detail={"reason": said}
    )  # fmt: skip


def record_outcome(
    session: Session,
    actor: Actor,
    proposal_id: int,
    *,
    revision: int,
    granted: bool,
    decided_on: date,
    decided_by: str,
    document: str,
    now: datetime,
) -> tuple[Proposal, Measure | None]:
    """Record what the body that may decided about a seconded proposal: on which local day, which body, the number of its document. By a
    head. One that was granted becomes a measure on the register. Raises Invalid, Conflict, Forbidden, NotFound."""
    proposal = proposal_for(session, actor, proposal_id, Action.SECOND)
    _seen(proposal, revision, (ProposalState.SECONDED,))
    held = select(Subject).where(Subject.id == proposal.subject_id).with_for_update().execution_options(populate_existing=True)
    subject = session.exec(held).one()
    zone = zone_of(session, subject)
    if not local_day(proposal.proposed_at, zone) <= decided_on <= local_day(now, zone):
        raise Invalid(
            "The day of the decision lies between the proposal's and today.",
            "作出决定的日期应在建议之后、今天之前（含）。",
            field="decided_on",
        )
    body, number = named(decided_by, "decided_by"), named(document, "document")
    state = ProposalState.GRANTED if granted else ProposalState.DISMISSED
    values = {"outcome_on": moment_of(decided_on, time(), zone), "outcome_by": body, "document": number}
    _step(session, actor, proposal, revision, (ProposalState.SECONDED,), state, "proposal.outcome", values, now)
    if not granted:
        return proposal, None
    kind = MeasureKind(proposal.measure)
    terms: dict[str, Any] = {"decided_on": decided_on, "decided_by": body, "document": number, "ground": proposal.ground}
    return proposal, add_measure(session, actor, subject, kind=kind, proposal_id=proposal_id, now=now, **terms)


def list_proposals(
    session: Session,
    actor: Actor,
    *,
    state: ProposalState | None = None,
    subject_id: int | None = None,
    before: int | None = None,
    limit: int = 100,
) -> Sequence[Proposal]:
    """Proposals for subjects within reach, newest first. ``before`` is the last id of the page before. Raises Invalid, Forbidden."""
    actor.require(Action.REVIEW)
    require_limit(limit)
    p = Proposal
    statement = select(p).where(col(p.subject_id).in_(select(Subject.id).where(within_reach(actor, Subject))))
    if state is not None:
        statement = statement.where(p.state == state.value)
    if subject_id is not None:
        statement = statement.where(p.subject_id == subject_id)
    if before is not None:
        statement = statement.where(col(p.id) < before)
    return session.exec(statement.order_by(col(p.id).desc()).limit(limit)).all()


def proposal_for(session: Session, actor: Actor, proposal_id: int, action: Action = Action.REVIEW) -> Proposal:
    """The proposal, if the actor may do ``action`` and its subject is within her reach. Raises Forbidden, NotFound."""
    actor.require(action)
    proposal = session.get(Proposal, proposal_id)
    subject: Any = session.get_one(Subject, proposal.subject_id) if proposal is not None else None
    if proposal is None or not actor.reaches(subject.office_id, subject.bureau_id):
        raise NotFound(f"There is no proposal {proposal_id} in your offices.", f"您所在机构没有编号 {proposal_id} 的处理建议。")
    return proposal


# ---- steps


def _step(
    session: Session,
    actor: Actor,
    proposal: Proposal,
    revision: int,
    since: Sequence[ProposalState],
    state: ProposalState,
    action: str,
    values: dict[str, Any],
    now: datetime,
    detail: dict[str, Any] | None = None,
) -> Proposal:
    """Bring the proposal that was seen from one of the states ``since`` into ``state``; what waited for that is over, and it is audited."""
    p = Proposal
    seen = (col(p.id) == proposal.id, col(p.revision) == revision, col(p.state).in_([one.value for one in since]))
    guarded = update(p).where(*seen).values(state=state.value, revision=p.revision + 1, **values)
    if session.execute(guarded, execution_options={"synchronize_session": False}).rowcount == 0:  # type: ignore[attr-defined]
        session.refresh(proposal)
        raise _overtaken(proposal)
    session.refresh(proposal)
    end_about(session, _about(proposal), now)
    told = {"proposal": proposal.id, "state": state.value, **(detail or {})}
    record_by(session, actor, action, subject_id=proposal.subject_id, detail=told, now=now)
    return proposal


def _seen(proposal: Proposal, revision: int, since: Sequence[ProposalState]) -> None:
    """Raise Conflict unless the actor saw the newest revision, and it is in one of these states."""
    if proposal.revision != revision or proposal.state not in since:
        raise _overtaken(proposal)


def _overtaken(proposal: Proposal) -> Conflict:
    """How the proposal stands now."""
    zh, en = CASEWORK[ProposalState][ProposalState(proposal.state)]
    return Conflict(
        f"It is now: {en}, revision {proposal.revision}; this step does not follow from there, or you saw an older one. Look again.",
        f"该建议现为“{zh}”，第 {proposal.revision} 版，不能进行此操作。请刷新后再操作。",
        field="revision",
    )


def _tell_second(session: Session, actor: Actor, subject: Subject, proposal: Proposal, asked: Second, now: datetime) -> None:
    """The office head, where her rank is enough, she is there and did not propose it herself; else the bureau."""
    if asked is Second.NONE:
        return
    head = head_of(session, subject.office_id, now) if asked is Second.OFFICE_HEAD else None
    there = head is not None and head != actor.officer_id and not is_absent(session, head, now)
    recipient, told = (Recipient.OFFICE_HEAD, head) if there else (Recipient.BUREAU, None)
    notify(session, subject, recipient, NoticeKind.SECOND_WANTED, WANTED, now, officer_id=told, about=_about(proposal))


def _about(proposal: Proposal) -> str:
    return f"proposal:{proposal.id}"


# ---- checks


def _confirmed(session: Session, subject_id: int, violation_ids: Sequence[int]) -> Sequence[Violation]:
    """The violations, each hers and confirmed. Raises Invalid naming those that are not."""
    if len(violation_ids) > MOST_VIOLATIONS:
        raise Invalid(f"At most {MOST_VIOLATIONS} violations.", f"违规不得超过 {MOST_VIOLATIONS} 条。", field="violation_ids")
    sound = _sound(session, subject_id, violation_ids)
    known = {one.id for one in sound}
    if wrong := [number for number in violation_ids if number not in known]:
        listed = ", ".join(str(number) for number in wrong)
        raise Invalid(
            f"A proposal rests on violations of hers that were confirmed; these were not: {listed}.",
            f"处理建议只能依据该对象已核查属实的违规；以下不符：{listed}。",
            field="violation_ids",
        )
    return sound


def _still_confirmed(session: Session, proposal: Proposal) -> None:
    """Raise Conflict where a violation that the proposal rests on is no longer confirmed."""
    known = {one.id for one in _sound(session, proposal.subject_id, proposal.violation_ids)}
    if wrong := [number for number in proposal.violation_ids if number not in known]:
        listed = ", ".join(str(number) for number in wrong)
        raise Conflict(
            f"It rests on violations that are no longer confirmed: {listed}. Have them decided first, or refuse it.",
            f"该建议所依据的违规现已不再是“属实”：{listed}。请先完成核查，或者不同意该建议。",
            field="violation_ids",
        )


def _sound(session: Session, subject_id: int, violation_ids: Sequence[int]) -> Sequence[Violation]:
    """Those of the violations that are the subject's and decided to be so."""
    v = Violation
    hers = session.exec(select(v).where(col(v.id).in_(violation_ids), v.subject_id == subject_id)).all()
    return [one for one in hers if one.review_state == ReviewState.DECIDED and one.decision == Decision.CONFIRMED]


def _heard(session: Session, subject_id: int, rests_on: Sequence[Violation], statement_id: int | None, *, needed: bool) -> None:
    """Raise Invalid unless she was heard where it is needed, and on what the proposal rests on: not on another violation, nor before
    one of them began."""
    if statement_id is None:
        if needed:
            raise Invalid(
                "Hear her first: record her statement, or that she declined, and name it here.",
                "请先听取并登记本人的陈述、申辩（或登记其放弃陈述），再提出建议。",
                field="statement_id",
            )
        return
    statement = session.get(Statement, statement_id)
    if statement is None or statement.subject_id != subject_id:
        raise Invalid(f"There is no statement {statement_id} of hers.", f"没有该对象编号 {statement_id} 的陈述。", field="statement_id")
    if statement.violation_id is not None and statement.violation_id not in {one.id for one in rests_on}:
        raise Invalid(
            "That statement is about a violation that the proposal does not rest on.",
            "该陈述针对的违规不在本建议所依据的违规之内。",
            field="statement_id",
        )
    if any(statement.taken_at < one.started_at for one in rests_on):
        raise Invalid(
            "She was heard before one of these violations began: hear her on it.",
            "该陈述早于所依据的违规，请就该违规重新听取陈述、申辩。",
            field="statement_id",
        )


def _not_proposed(session: Session, subject_id: int, measure: MeasureKind) -> None:
    p = Proposal
    waiting = select(p.id).where(p.subject_id == subject_id, p.measure == measure.value, col(p.state).in_([s.value for s in UNDECIDED]))
    number = session.exec(waiting).first()
    if number is not None:
        raise Conflict(
            f"The same measure is proposed already (proposal {number}) and not decided.", f"同一措施已有未决的处理建议（编号 {number}）。"
        )


def _contact(session: Session, subject_id: int, settings: Settings, now: datetime) -> Contact | None:
    clock = clocks.running(session, subject_id, ClockKind.OUT_OF_CONTACT)
    return None if clock is None else clocks.state_of(session, clock, settings, now).contact
