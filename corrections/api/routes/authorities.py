"""The legal bases under which a subject's location may be processed."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from corrections.api.context import Calling
from corrections.api.models import Given, Moment, PathId, Shown, Text
from corrections.records import directory, permits
from corrections.records.permits import Basis, Ground

router = APIRouter(tags=["authorities"])


class AuthorityShown(Shown):
    id: int
    subject_id: int
    basis: str = Field(description="article26, article29.1 to article29.5 (with its ground), or consent.")
    valid_from: datetime
    valid_until: datetime
    approved_by: str
    approved_on: datetime
    revoked_at: datetime | None


class NewAuthority(Given):
    basis: Basis
    ground: Ground | None = Field(None, description="Of Article 29: which of its five situations.")
    valid_from: Moment
    valid_until: Moment = Field(description="The first moment after it; with Article 29 at most three months later.")
    approved_by: Text = Field(min_length=1, max_length=200)
    approved_on: Moment


class EndAt(Given):
    at: Moment | None = Field(None, description="From when on; now, where it is left out.")


@router.get("/subjects/{subject_id}/authorities", summary="A subject's legal bases")
def list_authorities(subject_id: PathId, call: Calling) -> list[AuthorityShown]:
    with call.reading() as session:
        return [AuthorityShown.model_validate(row) for row in directory.authorities_of(session, call.actor, subject_id)]


@router.post("/subjects/{subject_id}/authorities", status_code=201, summary="Record a legal basis")
def grant_authority(subject_id: PathId, given: NewAuthority, call: Calling) -> AuthorityShown:
    """An extension is a new one. Article 29 is recorded by the bureau alone."""
    with call.writing() as session:
        rules = call.settings.rules
        authority = permits.grant_authority(session, call.actor, subject_id, **given.model_dump(), rules=rules, now=call.now)
        return AuthorityShown.model_validate(authority)


@router.post("/authorities/{authority_id}/revoke", summary="End a legal basis")
def revoke_authority(authority_id: PathId, given: EndAt, call: Calling) -> AuthorityShown:
    with call.writing() as session:
        authority = permits.revoke_authority(session, call.actor, authority_id, at=given.at or call.now, now=call.now)
        return AuthorityShown.model_validate(authority)
