"""The links by which subjects open their own view."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import Field

from corrections.api.context import Calling
from corrections.api.models import Given, PathId, Shown
from corrections.records import own

router = APIRouter(tags=["a subject's own view"])


class LinkShown(Shown):
    id: int
    subject_id: int
    created_by: int | None = Field(description="Null: the operator.")
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewLink(Given):
    keep_others: bool = Field(False, description="Let the links before it open as well; else they end.")


class LinkMade(LinkShown):
    """A new link. Address, token and code are told this once."""

    token: str = Field(description="Opens her own view alone; as bearer it serves `/own/...`.")
    address: str = Field(description="What her phone opens.")
    qr_svg: str = Field(description="The address as a QR code, an SVG element, to be scanned at the desk.")


@router.get("/subjects/{subject_id}/own-links", summary="A subject's links")
def list_links(subject_id: PathId, call: Calling) -> list[LinkShown]:
    """Newest first, ended ones included."""
    with call.reading() as session:
        return [LinkShown.model_validate(link) for link in own.links_of(session, call.actor, subject_id)]


@router.post("/subjects/{subject_id}/own-links", status_code=201, summary="Make a link to a subject's own view")
def make_link(subject_id: PathId, given: NewLink, call: Calling, request: Request) -> LinkMade:
    with call.writing() as session:
        link, token = own.make_link(session, call.actor, subject_id, call.settings.portal, call.now, keep_others=given.keep_others)
        shown = LinkShown.model_validate(link)
    address = own.address_of(token, call.settings.portal.address or str(request.base_url).rstrip("/"))
    return LinkMade(**shown.model_dump(), token=token, address=address, qr_svg=own.qr_svg(address))


@router.post("/own-links/{link_id}/revoke", summary="End a link")
def revoke_link(link_id: PathId, call: Calling) -> LinkShown:
    with call.writing() as session:
        return LinkShown.model_validate(own.revoke_link(session, call.actor, link_id, call.now))
