"""奖惩: the measures that were taken, and their papers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import Field

from corrections.api.context import Calling
from corrections.api.models import BeforeId, Given, Id, Limit, Page, PathId, Shown, Text, page_of
from corrections.api.routes.proposals import PDF, Day, In, Named, Said, pdf
from corrections.domain.casework import MeasureKind
from corrections.domain.model import Category
from corrections.records import measure_papers, measures

router = APIRouter(tags=["measures"])


class MeasureShown(Shown):
    id: int
    subject_id: int
    kind: MeasureKind
    category: Category = Field(description="Of the subject, when it was recorded.")
    decided_on: datetime = Field(description="The local midnight of its day.")
    decided_by: str
    document: str
    ground: str
    proposal_id: int | None
    recorded_by: int | None
    recorded_at: datetime
    revoked_at: datetime | None = Field(description="Since when it no longer counts.")
    revoked_reason: str


class NewMeasure(Given):
    kind: MeasureKind
    decided_on: Day = Field(description="The local day.")
    decided_by: Named = Field(description="The body.")
    document: Named = Field(description="The number of its document.")
    ground: Text = Field("", max_length=100, description="A ground of the options, where one fits.")


class Revocation(Given):
    reason: Said


@router.get("/measures", summary="Measures")
def list_measures(
    call: Calling,
    subject_id: Annotated[Id | None, Query()] = None,
    kind: Annotated[MeasureKind | None, Query()] = None,
    in_force: Annotated[bool | None, Query(description="True: those that count; false: those that were taken back.")] = None,
    before: BeforeId = None,
    limit: Limit = 100,
) -> Page[MeasureShown]:
    """Within reach, newest first."""
    with call.reading() as session:
        rows = measures.list_measures(
            session, call.actor, subject_id=subject_id, kind=kind, in_force=in_force, before=before, limit=limit
        )  # fmt: skip
        return page_of([MeasureShown.model_validate(row) for row in rows], list(rows), limit)


@router.get("/measures/{measure_id}", summary="A measure")
def get_measure(measure_id: PathId, call: Calling) -> MeasureShown:
    with call.reading() as session:
        return MeasureShown.model_validate(measures.measure_for(session, call.actor, measure_id))


@router.get("/measures/{measure_id}/paper", summary="The paper of a measure", response_class=Response, responses=PDF)
def get_measure_paper(measure_id: PathId, call: Calling, language: In = None) -> Response:
    """A PDF to be checked, signed and sealed; it is recorded in the audit trail."""
    with call.writing() as session:
        draft = measure_papers.measure_paper(
            session, call.actor, measure_id, language or call.language, settings=call.settings, now=call.now
        )  # fmt: skip
    return pdf(draft)


@router.post("/subjects/{subject_id}/measures", status_code=201, summary="Record a measure that was taken on paper")
def record_measure(subject_id: PathId, given: NewMeasure, call: Calling) -> MeasureShown:
    """By a head; what was proposed here is recorded by its outcome."""
    with call.writing() as session:
        made = measures.record_measure(session, call.actor, subject_id, **given.model_dump(), settings=call.settings, now=call.now)
        return MeasureShown.model_validate(made)


@router.post("/measures/{measure_id}/revoke", summary="Take a measure back")
def revoke_measure(measure_id: PathId, given: Revocation, call: Calling) -> MeasureShown:
    """It stays on the register and no longer counts."""
    with call.writing() as session:
        return MeasureShown.model_validate(measures.revoke_measure(session, call.actor, measure_id, reason=given.reason, now=call.now))
