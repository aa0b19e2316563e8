"""外出请假: approved leave."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from corrections.api.context import Calling
from corrections.api.models import Given, Moment, PathId, Shown, Text
from corrections.api.outlines import GivenOutline, geojson
from corrections.api.routes.authorities import EndAt
from corrections.records import directory, permits
from corrections.store.tables import LeavePermit

router = APIRouter(tags=["leaves"])


class LeaveShown(Shown):
    id: int
    subject_id: int
    destination: str
    outline: dict[str, object] | None = Field(description="GeoJSON, WGS-84; null where the leave names no area.")
    valid_from: datetime
    valid_until: datetime
    approved_by: str
    approved_at: datetime
    revoked_at: datetime | None


class NewLeave(Given):
    destination: Text = Field(min_length=1, max_length=500)
    valid_from: Moment
    valid_until: Moment
    outline: GivenOutline | None = Field(None, description="Where the leave may be spent; anywhere, without one.")
    approved_by: Text = Field("", max_length=200, description="The one who records it, unless said otherwise.")


@router.get("/subjects/{subject_id}/leaves", summary="A subject's leave")
def list_leaves(subject_id: PathId, call: Calling) -> list[LeaveShown]:
    with call.reading() as session:
        return [_shown(row) for row in directory.leaves_of(session, call.actor, subject_id)]


@router.post("/subjects/{subject_id}/leaves", status_code=201, summary="Approve a leave")
def grant_leave(subject_id: PathId, given: NewLeave, call: Calling) -> LeaveShown:
    """By the office head or the bureau. While it lasts, being outside a permitted area is no violation where the leave may be spent;
    prohibited areas bind all the same."""
    terms = given.model_dump(exclude={"outline"})
    with call.writing() as session:
        outline = given.outline.read(session, call.actor) if given.outline else None
        return _shown(permits.grant_leave(session, call.actor, subject_id, **terms, outline=outline, now=call.now))


@router.post("/leaves/{leave_id}/revoke", summary="End a leave")
def revoke_leave(leave_id: PathId, given: EndAt, call: Calling) -> LeaveShown:
    """Withdrawn, or signed back in early."""
    with call.writing() as session:
        return _shown(permits.revoke_leave(session, call.actor, leave_id, at=given.at or call.now, now=call.now))


def _shown(row: LeavePermit) -> LeaveShown:
    same = {name: getattr(row, name) for name in LeaveShown.model_fields if name != "outline"}
    return LeaveShown(**same, outline=geojson(row.outline) if row.outline else None)
