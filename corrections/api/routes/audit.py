"""审计记录: for the auditor alone."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from corrections.api.context import Calling
from corrections.api.models import BeforeId, Id, Limit, Page, Shown, Text, page_of
from corrections.records import audit, audit_reading

router = APIRouter(prefix="/audit", tags=["audit"])


class EventShown(Shown):
    id: int
    at: datetime
    actor: str
    action: str
    subject_id: int | None
    purpose: str
    origin: str
    detail: dict[str, Any]
    hash: str


class FaultShown(Shown):
    event_id: int | None = Field(description="Null: the end of the chain is missing.")
    trouble: audit.Trouble
    en: str
    zh: str


class Verified(Shown):
    sound: bool
    faults: list[FaultShown]
    head: str = Field(description="The hash of the last event. Kept elsewhere, it proves the chain up to here.")


@router.get("", summary="Who did or saw what")
def list_events(
    call: Calling,
    subject_id: Annotated[Id | None, Query()] = None,
    action: Annotated[Text | None, Query(max_length=100, description="An action, or the beginning of one.")] = None,
    before: BeforeId = None,
    limit: Limit = 100,
) -> Page[EventShown]:
    """Newest first."""
    with call.reading() as session:
        rows = audit_reading.list_events(session, call.actor, subject_id=subject_id, action=action, before=before, limit=limit)
        return page_of([EventShown.model_validate(row) for row in rows], rows, limit)


@router.get("/verify", summary="Whether the chain is whole")
def verify(
    call: Calling, kept_head: Annotated[Text | None, Query(max_length=64, description="A hash that must still be in it.")] = None
) -> Verified:
    """Every event that was changed, and every place where events were removed, inserted or moved."""
    with call.reading() as session:
        faults = audit_reading.verify_chain(session, call.actor, kept_head=kept_head)
        return Verified(sound=not faults, faults=[FaultShown.model_validate(fault) for fault in faults], head=audit.head(session))
