"""处理建议: proposals of measures, their second officer, their outcome, and their paper. The program proposes nothing by itself."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import AfterValidator, Field

from corrections.api.context import Call, Calling
from corrections.api.files import download
from corrections.api.language import Language
from corrections.api.models import BeforeId, Given, Id, Limit, Page, PathId, Shown, Text, page_of, sane_day
from corrections.domain.casework import MeasureKind, ProposalState
from corrections.domain.measures import Second
from corrections.records import measure_papers, measures, proposals
from corrections.records.clocks import LONGEST_TEXT
from corrections.records.measure_papers import Draft

router = APIRouter(tags=["proposals"])
PDF: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}, "description": "The paper."}
}
Said = Annotated[Text, Field(min_length=1, max_length=LONGEST_TEXT)]
Named = Annotated[Text, Field(min_length=1, max_length=measures.LONGEST_NAME)]
Day = Annotated[date, AfterValidator(sane_day)]
In = Annotated[Language | None, Query(description="The paper's language; that of the request, where it is left out.")]


class ProposalShown(Shown):
    id: int
    revision: int = Field(description="Counts changes; each step names the one that was seen.")
    subject_id: int
    office_id: int
    measure: MeasureKind
    ground: str
    facts: str
    violation_ids: list[int]
    statement_id: int | None
    state: ProposalState
    proposed_by: int
    proposed_at: datetime
    seconded_by: int | None = Field(description="Who agreed or refused.")
    seconded_at: datetime | None
    note: str
    outcome_on: datetime | None = Field(description="The local midnight of the day of the decision.")
    outcome_by: str
    document: str


class OutcomeShown(ProposalShown):
    measure_id: int | None = Field(description="The measure that a granted proposal became.")


class OptionShown(Shown):
    """A ground on which a measure may be proposed for a subject."""

    measure: MeasureKind
    ground: str
    text_zh: str
    text_en: str
    verified: bool = Field(description="The condition was read at its source.")
    source: str
    fits: bool = Field(description="The measures in force, or the time out of contact, bear it out; that proposes nothing.")
    second: Second = Field(description="Who must agree.")
    needs_statement: bool = Field(description="She must have been heard before.")


class OptionsShown(Shown):
    counts: dict[MeasureKind, int] = Field(description="Measures in force.")
    options: list[OptionShown]


class NewProposal(Given):
    measure: MeasureKind
    ground: Annotated[Text, Field(min_length=1, max_length=100, description="A ground of the options.")]
    facts: Said
    violation_ids: list[Id] = Field([], max_length=proposals.MOST_VIOLATIONS, description="Confirmed violations that it rests on.")
    statement_id: Id | None = Field(None, description="Her statement, or that she declined; grave measures need it.")


class Verdict(Given):
    revision: Id
    agree: bool
    note: Text = Field("", max_length=LONGEST_TEXT, description="The reason; needed to refuse.")


class Withdrawal(Given):
    revision: Id
    reason: Said


class Outcome(Given):
    revision: Id
    granted: bool
    decided_on: Day = Field(description="The local day.")
    decided_by: Named = Field(description="The body.")
    document: Named = Field(description="The number of its document.")


@router.get("/subjects/{subject_id}/measure-options", summary="What may be proposed for a subject")
def get_options(subject_id: PathId, call: Calling) -> OptionsShown:
    """Every measure and ground that her category knows, lightest first."""
    with call.reading() as session:
        found = proposals.options(session, call.actor, subject_id, settings=call.settings, now=call.now)
        return OptionsShown(counts=dict(measures.counts(session, subject_id)), options=[_option(one) for one in found])


@router.get("/proposals", summary="Proposals")
def list_proposals(
    call: Calling,
    state: Annotated[ProposalState | None, Query()] = None,
    subject_id: Annotated[Id | None, Query()] = None,
    before: BeforeId = None,
    limit: Limit = 100,
) -> Page[ProposalShown]:
    """Within reach, newest first."""
    with call.reading() as session:
        rows = proposals.list_proposals(session, call.actor, state=state, subject_id=subject_id, before=before, limit=limit)
        return page_of([ProposalShown.model_validate(row) for row in rows], list(rows), limit)


@router.get("/proposals/{proposal_id}", summary="A proposal")
def get_proposal(proposal_id: PathId, call: Calling) -> ProposalShown:
    with call.reading() as session:
        return ProposalShown.model_validate(proposals.proposal_for(session, call.actor, proposal_id))


@router.get("/proposals/{proposal_id}/paper", summary="The paper of a proposal", response_class=Response, responses=PDF)
def get_proposal_paper(proposal_id: PathId, call: Calling, language: In = None) -> Response:
    """A PDF to be checked, signed and sealed; it is recorded in the audit trail."""
    with call.writing() as session:
        draft = measure_papers.proposal_paper(session, call.actor, proposal_id, language or call.language, **_terms(call))
    return pdf(draft)


@router.post("/subjects/{subject_id}/proposals", status_code=201, summary="Propose a measure")
def propose(subject_id: PathId, given: NewProposal, call: Calling) -> ProposalShown:
    """The second officer is told. It decides nothing: the body that may does."""
    with call.writing() as session:
        made = proposals.propose(session, call.actor, subject_id, **given.model_dump(), **_terms(call))
        return ProposalShown.model_validate(made)


@router.post("/proposals/{proposal_id}/second", summary="Agree to a proposal, or refuse it")
def second(proposal_id: PathId, given: Verdict, call: Calling) -> ProposalShown:
    """By another officer than the proposer, of the rank that the measure asks for."""
    with call.writing() as session:
        found = proposals.second(session, call.actor, proposal_id, **given.model_dump(), **_terms(call))
        return ProposalShown.model_validate(found)


@router.post("/proposals/{proposal_id}/withdraw", summary="Take a proposal back")
def withdraw(proposal_id: PathId, given: Withdrawal, call: Calling) -> ProposalShown:
    """By the proposer, before it is decided."""
    with call.writing() as session:
        found = proposals.withdraw(session, call.actor, proposal_id, **given.model_dump(), now=call.now)
        return ProposalShown.model_validate(found)


@router.post("/proposals/{proposal_id}/outcome", summary="Record what was decided about a proposal")
def record_outcome(proposal_id: PathId, given: Outcome, call: Calling) -> OutcomeShown:
    """One that was granted becomes a measure."""
    with call.writing() as session:
        found, measure = proposals.record_outcome(session, call.actor, proposal_id, **given.model_dump(), now=call.now)
        return OutcomeShown(**ProposalShown.model_validate(found).model_dump(), measure_id=measure.id if measure else None)


def pdf(draft: Draft) -> Response:
    """A paper as a file to save."""
    paper = draft.paper()
    return download(paper.content, "application/pdf", paper.name)


def _terms(call: Call) -> dict[str, Any]:
    return {"settings": call.settings, "now": call.now}


def _option(one: proposals.Option) -> OptionShown:
    ground = one.ground
    return OptionShown(
        measure=one.measure, ground=ground.key, text_zh=ground.text_zh, text_en=ground.text_en, verified=ground.verified,
        source=ground.source, fits=one.fits, second=one.second, needs_statement=one.needs_statement,
    )  # fmt: skip
