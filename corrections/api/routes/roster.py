"""值班表: absences of staff, who is on duty when, and who is just now."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from corrections.api.context import Calling
from corrections.api.models import Given, Id, Moment, PathId, Shown, Text
from corrections.api.routes.imports import FILE, body_of
from corrections.records import roster, roster_file

router = APIRouter(tags=["roster"])
From = Annotated[Moment, Query(alias="from", description="What touches the span from here ...")]
Until = Annotated[Moment, Query(description="... to here.")]


class AbsenceShown(Shown):
    """An officer is away from `starts_at` until `ends_at`."""

    id: int
    officer_id: int
    starts_at: datetime
    ends_at: datetime
    deputy_id: int | None = Field(description="Who stands in; null: her standing deputy.")
    reason: str
    recorded_by: int | None
    recorded_at: datetime
    revoked_at: datetime | None = Field(description="When it was ended early or called off.")


class NewAbsence(Given):
    officer_id: Id
    starts_at: Moment
    ends_at: Moment
    deputy_id: Id | None = None
    reason: Text = ""


class DutyShown(Shown):
    """An officer is on call from `starts_at` until `ends_at`."""

    id: int
    office_id: int | None = Field(description="For which office; null: for all of the bureau's.")
    officer_id: int
    starts_at: datetime
    ends_at: datetime
    recorded_by: int | None
    recorded_at: datetime
    revoked_at: datetime | None


class NewDuty(Given):
    officer_id: Id
    office_id: Id | None = None
    starts_at: Moment
    ends_at: Moment


class OnDutyShown(Shown):
    """Who is on duty for an office just now."""

    office_id: int
    office_name: str
    officer_id: int
    officer_name: str
    until: datetime


class ImportedShown(Shown):
    """How many duties the file brought in, or would bring in."""

    duties: int
    dry_run: bool


@router.get("/absences", summary="Who is away when")
def list_absences(call: Calling, from_: From, until: Until) -> list[AbsenceShown]:
    """Of the bureau's staff, by their beginning; without those that were ended."""
    with call.reading() as session:
        return [AbsenceShown.model_validate(row) for row in roster.list_absences(session, call.actor, from_=from_, until=until)]


@router.post("/absences", status_code=201, summary="Record an absence")
def record_absence(given: NewAbsence, call: Calling) -> AbsenceShown:
    """By herself, her head, the bureau or the administrator. What waits in her queue and falls due before she is back goes to
    her deputy."""
    with call.writing() as session:
        return AbsenceShown.model_validate(roster.record_absence(session, call.actor, **given.model_dump(), now=call.now))


@router.post("/absences/{absence_id}/end", summary="End an absence now")
def end_absence(absence_id: PathId, call: Calling) -> AbsenceShown:
    """She is back already, or does not go."""
    with call.writing() as session:
        return AbsenceShown.model_validate(roster.end_absence(session, call.actor, absence_id, now=call.now))


@router.get("/duties", summary="Who is on duty when")
def list_duties(call: Calling, from_: From, until: Until) -> list[DutyShown]:
    """By their beginning; without those that were cancelled."""
    with call.reading() as session:
        return [DutyShown.model_validate(row) for row in roster.list_duties(session, call.actor, from_=from_, until=until)]


@router.get("/duties/now", summary="Who is on duty just now")
def on_duty_now(call: Calling) -> list[OnDutyShown]:
    """For each office of the bureau, those for this very office first."""
    with call.reading() as session:
        return [OnDutyShown.model_validate(row) for row in roster.on_duty_now(session, call.actor, now=call.now)]


@router.post("/duties", status_code=201, summary="Put an officer on duty")
def plan_duty(given: NewDuty, call: Calling) -> DutyShown:
    """By a head for her office, by the bureau for all. Meanwhile she sees and acts for the people of the offices she is on duty for."""
    with call.writing() as session:
        return DutyShown.model_validate(roster.plan_duty(session, call.actor, **given.model_dump(), now=call.now))


@router.post("/duties/import", summary="Import a duty roster", openapi_extra=FILE)
def import_duties(
    call: Calling,
    data: Annotated[bytes, Depends(body_of)],
    filename: Annotated[Text, Query(max_length=200, description="Its name; the ending tells its form.")] = "",
    dry_run: Annotated[bool, Query(description="Do the whole work, and then take it back.")] = False,
) -> ImportedShown:
    """Columns `officer` (login), `from` and `until` (local times), `office` (code; empty: for all). Every fault is told with its row and
    field (`rows`); with one fault nothing stays."""
    terms = {"bureau_id": call.actor.bureau_id, "dry_run": dry_run, "now": call.now}
    with call.writing() as session:
        return ImportedShown.model_validate(roster_file.import_duties(session, call.actor, data, filename, **terms))  # type: ignore[arg-type]


@router.post("/duties/{duty_id}/cancel", summary="Cancel a duty")
def cancel_duty(duty_id: PathId, call: Calling) -> DutyShown:
    """Before it begins, or for the rest of it."""
    with call.writing() as session:
        return DutyShown.model_validate(roster.cancel_duty(session, call.actor, duty_id, now=call.now))
