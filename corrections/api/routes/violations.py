"""违规 and 核查处置: the queue, and each step of a review. Every step names the revision that was seen: of two who act at once, one
gets a conflict that says who was first."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field
from sqlmodel import Session

from corrections.api.context import Call, Calling
from corrections.api.models import MOST_ID, Given, Id, Limit, PathId, Purpose, Shown, Text
from corrections.api.outlines import geojson
from corrections.domain.model import Decision, FalseAlarmCause, Nature, ReviewState, Rule, Severity, ZoneKind
from corrections.monitor import explain as explaining
from corrections.monitor.explain import Verdict
from corrections.records.audit import audited_location_read
from corrections.review import queue, reviewing, watching
from corrections.review.deadlines import Deadlines
from corrections.review.reviewing import Answer, Means
from corrections.store.access import Action, violation_for
from corrections.store.tables import Violation, ZoneRevision

router = APIRouter(prefix="/violations", tags=["violations"])
Reason = Annotated[Text, Field(min_length=1)]


class ViolationShown(Shown):
    """One episode of one rule for one subject, and where its review stands; without a place."""

    id: int
    revision: int = Field(description="Counts changes; each step names the one that was seen.")
    subject_id: int
    subject_number: str
    subject_name: str
    minor: bool
    office_id: int
    office_name: str
    rule: Rule
    nature: Nature
    severity: Severity
    urgent: bool = Field(description="A breach in progress at an exclusion zone.")
    zone_id: int | None
    zone_code: str | None
    zone_name: str | None
    zone_kind: ZoneKind | None
    started_at: datetime
    opened_at: datetime = Field(description="When it became certain enough.")
    ended_at: datetime | None = Field(description="Null while it lasts.")
    last_fix_at: datetime
    detected_at: datetime
    due_at: datetime
    overdue: bool
    new_evidence: bool = Field(description="Later evidence changed it after somebody had seen it.")
    review_state: ReviewState
    officer_id: int | None = Field(description="Whose it is; null: everybody's within reach, for there is nobody to take it.")
    officer_name: str | None
    claimed_by: int | None
    claimed_by_name: str | None
    claimed_until: datetime | None = Field(description="When the claim runs out; each step of hers makes it last anew.")
    escalation: int = Field(description="How many levels it went up: 1 the deputy, 2 the office head, 3 the bureau.")
    escalated_to: int | None = Field(description="Who answers for it besides its owner.")
    escalated_to_name: str | None
    matter_id: int = Field(description="Shared by what was open of one subject at a time.")
    watched: bool = Field(description="You watch it.")
    decision: Decision | None
    cause: FalseAlarmCause | None
    decided_by: int | None
    decided_by_name: str | None
    decided_at: datetime | None
    reason_zh: str
    reason_en: str


class QueuePage(Shown):
    items: list[ViolationShown]
    after: str | None = Field(description="What to pass for the next page; null on the last one.")


class StepShown(Shown):
    """What happened to a violation. `officer_name` null is the service itself."""

    id: int
    at: datetime
    kind: str
    officer_id: int | None
    officer_name: str | None
    content: dict[str, Any]


class ZoneAsJudged(Shown):
    """The zone version that the violation was judged against."""

    version: int
    valid_from: datetime
    valid_until: datetime | None
    windows: list[dict[str, Any]]
    outline: dict[str, Any] = Field(description="GeoJSON, WGS-84.")


class Evidence(Shown):
    """What a violation rests on, places included."""

    violation: ViolationShown
    evidence: dict[str, Any] = Field(description="Deciding fixes with their radius, distance and certainty, and the rule's settings.")
    zone: ZoneAsJudged | None
    history: list[StepShown]


class DifferenceShown(Shown):
    """One field of a violation, with what is stored and what comes out."""

    field: str
    stored: Any
    derived: Any


class ExplanationShown(Shown):
    """Why a violation stands, and whether it comes out the same when it is derived again from what is stored."""

    violation_id: int
    subject_number: str
    rule: Rule
    verdict: Verdict
    agrees: bool = Field(description="What comes out is what the violation says of itself; one that was taken back says that nothing does.")
    waiting: bool = Field(description="Reports or changes of the record are still to be evaluated.")
    why_zh: str = Field(description="Why it cannot be re-derived; else empty.")
    why_en: str
    paragraph_zh: str = Field(description="As it could be read to a court.")
    paragraph_en: str
    differences: list[DifferenceShown]
    zone: dict[str, Any] | None = Field(description="The zone version that it was judged against.")
    started_at: datetime
    opened_at: datetime
    ended_at: datetime | None
    evidence: dict[str, Any]
    timezone: str
    unchecked: list[str] = Field(description="Fields that are not derived again.")
    reports: int = Field(description="How many reports were judged again ...")
    judged_from: datetime | None = Field(description="... from when on.")


class Seen(Given):
    revision: int = Field(ge=1, le=MOST_ID, description="The revision of the violation that you saw.")


class Release(Seen):
    note: Text = ""


class Note(Seen):
    text: Reason


class Contact(Seen):
    means: Means
    whom: Reason = Field(description="The subject, or who else.")
    answer: Answer
    text: Reason = Field(description="What was said, or why nobody was reached.")


class HandOver(Seen):
    to: Id = Field(description="Another officer who may review this office's violations.")
    reason: Reason


class Decide(Seen):
    decision: Decision
    cause: FalseAlarmCause | None = Field(None, description="Of a false alarm, and of nothing else.")
    reason: Reason


class Reopen(Seen):
    reason: Reason


@router.get("", summary="The queue")
def list_queue(
    call: Calling,
    mine: Annotated[
        bool, Query(description="Only what you own, hold, decided or answer for since it was escalated, and what has no owner.")
    ] = False,
    watched: Annotated[bool, Query(description="Only what you watch.")] = False,
    state: Annotated[ReviewState | None, Query(description="Without one: all that asks for attention.")] = None,
    subject_id: Annotated[Id | None, Query()] = None,
    limit: Limit = 100,
    after: Annotated[Text | None, Query(max_length=100, description="`after` of the page before.")] = None,
) -> QueuePage:
    """By consequence and then due time: breaches in progress at an exclusion zone first, then the gravest."""
    picked = {"mine": mine, "watched": watched, "state": state, "subject_id": subject_id}
    with call.reading() as session:
        page = queue.list_queue(session, call.actor, **picked, limit=limit, after=after, now=call.now)  # type: ignore[arg-type]
        return QueuePage.model_validate(page)


@router.get("/{violation_id}", summary="A violation")
def get_violation(violation_id: PathId, call: Calling) -> ViolationShown:
    """Without a place; see its evidence for that."""
    with call.reading() as session:
        return _shown(session, call, violation_id)


@router.get("/{violation_id}/evidence", summary="What a violation rests on")
def get_evidence(violation_id: PathId, purpose: Purpose, call: Calling) -> Evidence:
    """Places included: the read is recorded with its purpose."""
    with call.writing() as session:
        violation = violation_for(session, call.actor, violation_id, Action.REVIEW)
        audited_location_read(session, call.actor, [violation.subject_id], purpose, call.now)
        return Evidence(
            violation=_shown(session, call, violation_id),
            evidence=violation.evidence,
            zone=_zone(session, violation),
            history=[StepShown.model_validate(step) for step in queue.history(session, call.actor, violation_id, with_evidence=True)],
        )


@router.get("/{violation_id}/explanation", summary="Why a violation stands, derived again")
def get_explanation(violation_id: PathId, purpose: Purpose, call: Calling) -> ExplanationShown:
    """Derived again from the stored reports, the zone version and the settings of then. Places included: the read is recorded."""
    told = explaining.explain(call.house.engine, call.actor, violation_id, purpose, call.now)
    return ExplanationShown.model_validate(told)


@router.get("/{violation_id}/history", summary="What happened to a violation")
def get_history(violation_id: PathId, call: Calling) -> list[StepShown]:
    """Oldest first; without places."""
    with call.reading() as session:
        return [StepShown.model_validate(step) for step in queue.history(session, call.actor, violation_id)]


@router.post("/{violation_id}/claim", summary="Take a violation in hand")
def claim(violation_id: PathId, given: Seen, call: Calling) -> ViolationShown:
    """Or go on holding it. A colleague's may be taken once she has done nothing about it for a time that the settings say."""
    with call.writing() as session:
        reviewing.claim(session, call.actor, violation_id, revision=given.revision, deadlines=Deadlines.of(call.settings), now=call.now)
        return _shown(session, call, violation_id)


@router.post("/{violation_id}/release", summary="Put a claimed violation back")
def release(violation_id: PathId, given: Release, call: Calling) -> ViolationShown:
    with call.writing() as session:
        reviewing.release(session, call.actor, violation_id, **given.model_dump(), now=call.now)
        return _shown(session, call, violation_id)


@router.post("/{violation_id}/note", summary="Add a remark")
def note(violation_id: PathId, given: Note, call: Calling) -> ViolationShown:
    """On a decided violation that later evidence changed, a remark by the decider or a head says that the decision stands."""
    with call.writing() as session:
        reviewing.note(session, call.actor, violation_id, **given.model_dump(), deadlines=Deadlines.of(call.settings), now=call.now)
        return _shown(session, call, violation_id)


@router.post("/{violation_id}/contact", summary="Record an attempt to contact somebody")
def contact(violation_id: PathId, given: Contact, call: Calling) -> ViolationShown:
    with call.writing() as session:
        reviewing.contact(session, call.actor, violation_id, **given.model_dump(), deadlines=Deadlines.of(call.settings), now=call.now)
        return _shown(session, call, violation_id)


@router.post("/{violation_id}/hand-over", summary="Give a violation to another officer")
def hand_over(violation_id: PathId, given: HandOver, call: Calling) -> ViolationShown:
    """By its owner while it waits, by her who holds it while it is claimed, by a head at any time."""
    with call.writing() as session:
        reviewing.hand_over(session, call.actor, violation_id, **given.model_dump(), now=call.now)
        return _shown(session, call, violation_id)


@router.post("/{violation_id}/watch", summary="Be told of each later step")
def watch(violation_id: PathId, call: Calling) -> ViolationShown:
    with call.writing() as session:
        watching.watch(session, call.actor, violation_id, now=call.now)
        return _shown(session, call, violation_id)


@router.post("/{violation_id}/unwatch", summary="Be told no more")
def unwatch(violation_id: PathId, call: Calling) -> ViolationShown:
    with call.writing() as session:
        watching.unwatch(session, call.actor, violation_id)
        return _shown(session, call, violation_id)


@router.post("/{violation_id}/decide", summary="Decide a violation")
def decide(violation_id: PathId, given: Decide, call: Calling) -> ViolationShown:
    """By her who claimed it, or a head. The program itself never decides."""
    with call.writing() as session:
        reviewing.decide(session, call.actor, violation_id, **given.model_dump(), now=call.now)
        return _shown(session, call, violation_id)


@router.post("/{violation_id}/reopen", summary="Put a decided violation back in the queue")
def reopen(violation_id: PathId, given: Reopen, call: Calling) -> ViolationShown:
    """By a head; assigned and due anew. The decision stays in the history."""
    with call.writing() as session:
        reviewing.reopen(session, call.actor, violation_id, **given.model_dump(), deadlines=Deadlines.of(call.settings), now=call.now)
        return _shown(session, call, violation_id)


def _shown(session: Session, call: Call, violation_id: int) -> ViolationShown:
    return ViolationShown.model_validate(queue.queue_item(session, call.actor, violation_id, now=call.now))


def _zone(session: Session, violation: Violation) -> ZoneAsJudged | None:
    if violation.zone_revision_id is None:
        return None
    revision = session.get_one(ZoneRevision, violation.zone_revision_id)
    same = {name: getattr(revision, name) for name in ("version", "valid_from", "valid_until", "windows")}
    return ZoneAsJudged(**same, outline=geojson(revision.outline))
