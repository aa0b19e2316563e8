"""Where a subject is and was. Each read needs a purpose and is recorded."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from corrections.api.context import Calling
from corrections.api.models import Moment, PathId, Purpose, Shown
from corrections.domain.model import AskReason, ClientState, Datum, Side, Source
from corrections.monitor.present import present
from corrections.records import whereabouts
from corrections.store.access import Action, subject_for

router = APIRouter(prefix="/subjects/{subject_id}", tags=["whereabouts"])


class PointShown(Shown):
    """One report."""

    fix_time: datetime
    received_at: datetime
    lat: float | None = Field(description="WGS-84 degrees; null for a contact without a position.")
    lon: float | None
    accuracy_m: float | None = Field(description="The claimed 68 % radius; null where the client claimed none.")
    source: Source = Field(description="gps, wifi, cell, or empty where the client does not say.")
    datum: Datum = Field(description="In which the position came; it is given in WGS-84 all the same.")
    altitude_m: float | None
    speed_mps: float | None
    course_deg: float | None
    battery_pct: float | None
    charging: bool | None = Field(description="Null where the client does not say.")
    client_state: ClientState = Field(description="What the client says of itself; empty where it says nothing.")
    mock: bool = Field(description="The client says that the position is fake.")
    wire: str
    side: Side = Field(description="At the fix time: on the right side of every zone that bound, on the wrong side of one, or unknown.")


class WhereaboutsShown(Shown):
    """The last known position, with its age."""

    point: PointShown | None
    age_s: float | None = Field(description="Seconds since the fix.")
    side_now: Side = Field(description="Unknown once the position is too old to tell.")
    last_contact_at: datetime | None
    expected_by: datetime | None = Field(
        description="When silence becomes a matter; once she was reminded of it, when it enters the officer's queue."
    )


class AskedShown(Shown):
    """The newest wish for a fresh fix."""

    reason: AskReason
    asked_at: datetime
    asked_by: str | None = Field(description="Null: the service itself.")
    expires_at: datetime
    told_at: datetime | None = Field(description="When her phone was told, where it takes commands in replies.")
    answered_at: datetime | None


class PresentShown(Shown):
    """How a subject stands now. No place is in it."""

    monitored: bool = Field(description="She may be located now.")
    side: Side = Field(description="By her last evaluated fix.")
    side_now: Side = Field(description="Unknown once that fix is too old to tell.")
    certainty: float | None = Field(description="That she was on the wrong side, by that fix.")
    fix_time: datetime | None
    uncertain_since: datetime | None = Field(description="The fix time from which on one cannot tell; null where one can.")
    last_contact_at: datetime | None
    expected_by: datetime | None = Field(
        description="When silence becomes a matter; once she was reminded of it, when it enters the officer's queue."
    )
    low_battery_since: datetime | None
    permission_off_since: datetime | None = Field(description="Null: not known to be withdrawn.")
    asked: AskedShown | None


class TrackShown(Shown):
    points: list[PointShown] = Field(description="In order of fix time.")
    next_from: datetime | None = Field(description="`from` of the next part, where there were too many for one answer.")


@router.get("/present", summary="How a subject stands now, without a place")
def get_present(subject_id: PathId, call: Calling) -> PresentShown:
    """Whether one can tell on which side she is, and since when not; what her phone says of itself; whether a fresh fix was asked for."""
    with call.reading() as session:
        subject_for(session, call.actor, subject_id, Action.REVIEW)
        return PresentShown.model_validate(present(session, call.actor, [subject_id], call.now)[subject_id])


@router.get("/position", summary="Where a subject was last known to be")
def get_position(subject_id: PathId, purpose: Purpose, call: Calling) -> WhereaboutsShown:
    with call.writing() as session:
        found = whereabouts.whereabouts(session, call.actor, subject_id, purpose, call.settings, call.now)
        return WhereaboutsShown.model_validate(found)


@router.get("/track", summary="Where a subject was")
def get_track(
    subject_id: PathId,
    purpose: Purpose,
    call: Calling,
    start: Annotated[Moment, Query(alias="from", description="The first fix time.")],
    end: Annotated[Moment, Query(alias="until", description="Fix times before this; up to 31 days later.")],
) -> TrackShown:
    with call.writing() as session:
        found = whereabouts.track(session, call.actor, subject_id, start, end, purpose, call.settings, call.now)
        return TrackShown.model_validate(found)
