"""提醒, what people are to be told, and wishes for a fresh fix. No locations."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from corrections.api.context import Calling
from corrections.api.models import BeforeId, Given, Id, Limit, Page, PathId, Shown, Text, page_of
from corrections.domain.model import AskReason, NoticeKind, Recipient, Severity
from corrections.monitor import asking
from corrections.review import notices

router = APIRouter(tags=["notices"])


class NoticeShown(Shown):
    """What a person is to be told."""

    id: int
    subject_id: int | None = Field(description="Null where it is about no single subject, as a check round.")
    subject_number: str | None
    subject_name: str | None
    phone: str = Field(description="Of the subject, in the register.")
    recipient: Recipient
    officer_id: int | None = Field(description="Which officer; null for the subject, and for whoever is there.")
    officer_name: str | None
    violation_id: int | None = Field(description="Null where it is about no violation.")
    about: str = Field(description="What else it is about, as `round:12` or `leave:3`; empty: nothing else.")
    severity: Severity
    kind: NoticeKind
    text_zh: str
    text_en: str
    at: datetime = Field(description="Since when there is reason for it.")
    done_at: datetime | None
    done_by: int | None = Field(description="Who told it; null on one that is done: it had become needless.")


class FixRequestShown(Shown):
    """A wish for a fresh fix that nothing has answered yet."""

    id: int
    subject_id: int
    reason: AskReason
    asked_at: datetime
    asked_by: int | None = Field(description="Null: the service itself.")
    expires_at: datetime
    told_at: datetime | None = Field(description="When her phone was told, where it takes commands in replies.")


class FixWanted(Given):
    purpose: Text = Field(min_length=1, max_length=500, description="Why; it is recorded in the audit trail.")


@router.get("/notices", summary="What people are to be told")
def list_notices(
    call: Calling,
    done: Annotated[bool, Query(description="Those that were told, or had become needless.")] = False,
    recipient: Recipient | None = None,
    subject_id: Annotated[Id | None, Query()] = None,
    before: BeforeId = None,
    limit: Limit = 100,
) -> Page[NoticeShown]:
    """Newest first."""
    with call.reading() as session:
        rows = notices.list_notices(
            session, call.actor, done=done, recipient=recipient, subject_id=subject_id, before=before, limit=limit
        )  # fmt: skip
        return page_of([NoticeShown.model_validate(row) for row in rows], rows, limit)


@router.post("/notices/{notice_id}/done", summary="Note that a notice was told")
def complete_notice(notice_id: PathId, call: Calling) -> NoticeShown:
    with call.writing() as session:
        return NoticeShown.model_validate(notices.complete_notice(session, call.actor, notice_id, call.now))


@router.post("/subjects/{subject_id}/fix-requests", status_code=201, summary="Ask for a fresh fix of a subject")
def request_fix(subject_id: PathId, given: FixWanted, call: Calling) -> FixRequestShown:
    """A phone whose client takes commands is told in the reply to its next message; others answer with their next fix."""
    with call.writing() as session:
        asked = asking.request_fix(session, call.actor, subject_id, given.purpose, call.settings, call.now)
        return FixRequestShown.model_validate(asked)


@router.get("/subjects/{subject_id}/fix-requests", summary="Wishes for a fresh fix that are open")
def list_fix_requests(subject_id: PathId, call: Calling) -> list[FixRequestShown]:
    with call.reading() as session:
        return [FixRequestShown.model_validate(row) for row in asking.open_requests(session, call.actor, subject_id, call.now)]
