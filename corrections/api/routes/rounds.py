"""定位核查: rounds of officers over their subjects, how random moments came about, and figures of all checks. Every step names the
revision that was seen. Positions are shown with a purpose alone."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AfterValidator, Field

from corrections.api.context import Calling
from corrections.api.models import MOST_ID, BeforeId, Given, Id, Limit, Moment, Page, PathId, Shown, Text, page_of, sane_day
from corrections.domain.casework import Finding, RoundState
from corrections.domain.model import AskReason, Level, Side
from corrections.monitor import round_steps, rounds
from corrections.monitor.check_figures import check_figures
from corrections.monitor.rederiving import Match, rederive
from corrections.monitor.round_steps import Found, RoundItem

router = APIRouter(tags=["location checks"])

Revision = Annotated[int, Field(ge=1, le=MOST_ID, description="The revision that was seen; refused if somebody was first.")]
LookPurpose = Annotated[
    Text, Query(max_length=500, description="Why the positions are looked at; it is recorded. Without one there are none.")
]


class RoundShown(Shown):
    """One officer's look at her subjects of an office."""

    id: int
    revision: int
    office_id: int
    office_name: str
    officer_id: int
    officer_name: str
    schedule: str = Field(description="Empty: begun by hand.")
    label_zh: str
    label_en: str
    slot_at: datetime = Field(description="The schedule's moment.")
    state: RoundState
    opened_at: datetime
    due_at: datetime
    overdue: bool
    subjects: int
    found: int = Field(description="Of how many there is a finding.")
    note: str
    signed_at: datetime | None
    signed_by: int | None
    signed_by_name: str | None
    escalation: int
    escalated_to: int | None


class EntryShown(Shown):
    """A subject in a round. What has no finding yet is read anew at every look; a finding freezes it."""

    id: int
    subject_id: int
    subject_number: str
    subject_name: str
    minor: bool
    level: Level
    fix_time: datetime | None
    age_s: int | None = Field(description="Of the fix: now or, where there is a finding, when that was made.")
    lat: float | None = Field(description="WGS-84; null without a purpose, and where she may not be located (`seen.unlocated` says why).")
    lon: float | None
    accuracy_m: float | None
    side: Side = Field(description="At the fix; `seen.stale` says that it is too old to tell of now.")
    certainty: float | None = Field(description="That she was on the wrong side.")
    in_place: bool = Field(description="The program shows her in place with certainty: such entries may be confirmed together.")
    seen: dict[str, Any] = Field(description="Contact, battery, permission, clients, leave in force, open violations, why no position.")
    finding: Finding | None
    note: str
    found_by: int | None
    found_at: datetime | None


class RoundWithEntries(Shown):
    round: RoundShown
    entries: list[EntryShown]


class RoundBegun(Given):
    office_id: Id | None = Field(None, description="Hers, unless another within reach is named.")
    whole_office: bool = Field(False, description="All subjects of the office, not only her own.")


class FoundGiven(Given):
    entry_id: Id
    finding: Finding
    note: Text = Field("", description="How one knows; needed wherever the program does not itself show the finding.")


class Findings(Given):
    revision: Revision
    findings: list[FoundGiven] = Field(min_length=1, max_length=500)


class Confirmed(Given):
    revision: Revision
    entries: list[Id] = Field(min_length=1, max_length=500, description="Each of those whom the officer confirms in place.")


class Signature(Given):
    revision: Revision
    note: Text = ""


class HandedOver(Given):
    revision: Revision
    to: Id
    reason: Text = Field(min_length=1)


class ComparedShown(Shown):
    """One moment, derived again, beside what is stored of it."""

    purpose: str = Field(description="round or check_in")
    schedule: str
    about: str = Field(description="office:ID or subject:ID")
    at: datetime
    stored_id: int | None
    match: Match


class CommitmentShown(Shown):
    """A secret that moments follow from."""

    valid_from: datetime
    commitment: str = Field(description="SHA-256 of the secret, in the audit chain since it was made.")
    committed_at: datetime | None = Field(description="Null: it is not in the audit chain.")
    sound: bool
    secret: str | None = Field(description="Hexadecimal; null while moments to come follow from it.")


class RederivedShown(Shown):
    day: date
    matches: bool
    compared: list[ComparedShown]
    commitments: list[CommitmentShown]


class FixFiguresShown(Shown):
    reason: AskReason
    asked: int
    answered: int
    in_time: int = Field(description="Answered within `target_s`.")
    mean_s: float | None


class RoundFiguresShown(Shown):
    opened: int
    signed: int
    late: int = Field(description="Signed after they were due.")
    open: int
    overdue: int
    skipped: int = Field(description="Passed while the service was down.")
    escalated: int


class CheckInFiguresShown(Shown):
    asked: int
    answered: int
    missed: int
    open: int
    skipped: int


class CheckFiguresShown(Shown):
    target_s: int
    fixes: list[FixFiguresShown]
    rounds: RoundFiguresShown
    check_ins: CheckInFiguresShown


@router.get("/rounds", summary="Rounds within reach")
def list_rounds(
    call: Calling,
    mine: Annotated[bool, Query(description="Only hers, and those escalated to her.")] = False,
    state: RoundState | None = None,
    since: Annotated[Moment | None, Query(alias="from")] = None,
    until: Moment | None = None,
    before: BeforeId = None,
    limit: Limit = 100,
) -> Page[RoundShown]:
    """Newest first."""
    with call.reading() as session:
        rows = round_steps.list_rounds(
            session, call.actor, call.settings, call.now, mine=mine, state=state, since=since, until=until, before=before, limit=limit
        )
        return page_of([RoundShown.model_validate(row) for row in rows], rows, limit)


@router.post("/rounds", status_code=201, summary="Begin a round by hand")
def begin_round(given: RoundBegun, call: Calling) -> RoundWithEntries:
    with call.writing() as session:
        made = rounds.begin_round(session, call.actor, call.settings, call.now, office_id=given.office_id, whole_office=given.whole_office)
        assert made.id is not None
        return RoundWithEntries.model_validate(round_steps.show_round(session, call.actor, made.id, call.settings, call.now))


@router.get("/rounds/{round_id}", summary="A round with its subjects")
def get_round(round_id: PathId, call: Calling, purpose: LookPurpose = "") -> RoundWithEntries:
    """With a purpose the positions are in it, and the look at them is recorded, once for all of them."""
    with call.writing() as session:
        shown = round_steps.show_round(session, call.actor, round_id, call.settings, call.now, purpose=purpose)
        return RoundWithEntries.model_validate(shown)


@router.post("/rounds/{round_id}/findings", summary="Say what was found of some of a round's subjects")
def find(round_id: PathId, given: Findings, call: Calling) -> RoundShown:
    with call.writing() as session:
        findings = [Found(one.entry_id, one.finding, one.note) for one in given.findings]
        round_steps.find(session, call.actor, round_id, findings, revision=given.revision, settings=call.settings, now=call.now)
        return RoundShown.model_validate(_item(session, call, round_id))


@router.post("/rounds/{round_id}/confirm", summary="Confirm together those whom the program shows in place with certainty")
def confirm(round_id: PathId, given: Confirmed, call: Calling) -> RoundShown:
    """Refused where one of them is not shown so any more."""
    with call.writing() as session:
        round_steps.confirm_in_place(
            session, call.actor, round_id, given.entries, revision=given.revision, settings=call.settings, now=call.now
        )
        return RoundShown.model_validate(_item(session, call, round_id))


@router.post("/rounds/{round_id}/sign", summary="Sign a round of which every subject has a finding")
def sign(round_id: PathId, given: Signature, call: Calling) -> RoundShown:
    with call.writing() as session:
        round_steps.sign(session, call.actor, round_id, revision=given.revision, note=given.note, now=call.now)
        return RoundShown.model_validate(_item(session, call, round_id))


@router.post("/rounds/{round_id}/hand-over", summary="Make a round a colleague's")
def hand_over(round_id: PathId, given: HandedOver, call: Calling) -> RoundShown:
    with call.writing() as session:
        round_steps.hand_over(
            session, call.actor, round_id, given.to, revision=given.revision, reason=given.reason, settings=call.settings, now=call.now
        )
        return RoundShown.model_validate(_item(session, call, round_id))


@router.get("/checks/rederive", summary="Derive a past day's moments of checks again")
def rederive_day(day: Annotated[date, AfterValidator(sane_day), Query()], call: Calling) -> RederivedShown:
    """For the auditor: whether rounds and check-ins were when they should have been. No positions, and no day that is not over."""
    with call.writing() as session:
        return RederivedShown.model_validate(rederive(session, call.actor, call.actor.bureau_id, day, call.settings, call.now))


@router.get("/figures/checks", summary="How checks go, in numbers")
def get_figures(call: Calling, since: Annotated[Moment, Query(alias="from")], until: Moment) -> CheckFiguresShown:
    with call.reading() as session:
        return CheckFiguresShown.model_validate(check_figures(session, call.actor, since, until, call.settings, call.now))


def _item(session: Any, call: Calling, round_id: int) -> RoundItem:
    return round_steps.round_item(session, call.actor, round_id, call.settings, call.now)
