"""禁止接触: orders that two subjects keep apart."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from corrections.api.context import Calling
from corrections.api.models import Given, Id, Moment, PathId, Shown, Text
from corrections.api.routes.authorities import EndAt
from corrections.records import contact_bans
from corrections.records.contact_bans import DISTANCE_M, MINUTES
from corrections.store.tables import ContactBan, Subject

router = APIRouter(tags=["contact bans"])


class ContactBanShown(Shown):
    id: int
    subject_id: int
    subject_number: str
    other_id: int
    other_number: str
    basis: str
    distance_m: float
    minutes: float
    valid_from: datetime
    valid_until: datetime | None = Field(description="Null: until it is revoked.")
    approved_by: str
    approved_at: datetime
    revoked_at: datetime | None


class NewContactBan(Given):
    subject_id: Id
    other_id: Id
    basis: Text = Field(min_length=1, max_length=500)
    distance_m: float = Field(ge=DISTANCE_M[0], le=DISTANCE_M[1], description="Nearer than this is together ...")
    minutes: float = Field(ge=MINUTES[0], le=MINUTES[1], description="... when it lasts so long.")
    valid_from: Moment
    valid_until: Moment | None = None
    approved_by: Text = Field("", max_length=200, description="The one who records it, unless said otherwise.")


@router.get("/contact-bans", summary="Orders that keep subjects apart")
def list_contact_bans(call: Calling, subject_id: Annotated[Id | None, Query()] = None) -> list[ContactBanShown]:
    """Newest first, ended ones included."""
    with call.reading() as session:
        rows = contact_bans.list_contact_bans(session, call.actor, subject_id=subject_id)
        return [_shown(ban, number, other) for ban, number, other in rows]


@router.post("/contact-bans", status_code=201, summary="Record an order")
def impose_contact_ban(given: NewContactBan, call: Calling) -> ContactBanShown:
    """Both subjects must be within reach. When they are found together, both become a matter for their officers."""
    with call.writing() as session:
        ban = contact_bans.impose_contact_ban(session, call.actor, **given.model_dump(), now=call.now)
        numbers = (session.get_one(Subject, subject_id).number for subject_id in (ban.subject_id, ban.other_id))
        return _shown(ban, *numbers)


@router.post("/contact-bans/{ban_id}/revoke", summary="End an order")
def revoke_contact_ban(ban_id: PathId, given: EndAt, call: Calling) -> ContactBanShown:
    """What was found before stays."""
    with call.writing() as session:
        ban = contact_bans.revoke_contact_ban(session, call.actor, ban_id, at=given.at or call.now, now=call.now)
        numbers = (session.get_one(Subject, subject_id).number for subject_id in (ban.subject_id, ban.other_id))
        return _shown(ban, *numbers)


def _shown(ban: ContactBan, number: str, other: str) -> ContactBanShown:
    same = {name: getattr(ban, name) for name in ContactBanShown.model_fields if name not in ("subject_number", "other_number")}
    return ContactBanShown(**same, subject_number=number, other_number=other)
