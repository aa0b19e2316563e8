"""外出请假 as the subject asks for it and reports on it herself, with the token of her link as bearer."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field
from sqlmodel import Session

from corrections.api.models import Given, Id, Moment, PathId, Shown, Text
from corrections.api.own import OwnCalling
from corrections.domain.casework import LeaveKind, LeaveReason, LeaveReportKind, RequestState
from corrections.records import leave
from corrections.store.tables import LeaveRequest

LONGEST_TEXT = 2000
router = APIRouter(prefix="/own/leave-requests", tags=["a subject's own view"])


class OwnReportShown(Shown):
    kind: LeaveReportKind
    at: datetime
    text: str


class OwnRequestShown(Shown):
    """A request for leave as she sees it."""

    id: int
    kind: LeaveKind
    reason: LeaveReason
    details: str
    destination: str
    leaves_at: datetime
    returns_at: datetime
    conditions: str
    state: RequestState
    requested_at: datetime
    due_at: datetime = Field(description="By when it is decided.")
    decided_at: datetime | None
    decision_note: str
    returned_at: datetime | None
    extends_id: int | None
    reports: list[OwnReportShown]


class OwnRequest(Given):
    destination: Text = Field(min_length=1, max_length=500)
    reason: LeaveReason
    details: Text = Field("", max_length=LONGEST_TEXT)
    leaves_at: Moment
    returns_at: Moment
    extends: Id | None = Field(None, description="The approved leave that is to last longer; this one begins when that one ends.")


class OwnReport(Given):
    kind: LeaveReportKind
    at: Moment | None = Field(None, description="When it was; now, unless said otherwise.")
    text: Text = Field("", max_length=LONGEST_TEXT, description="The reason, of a return that is late.")


@router.get("", summary="My requests for leave")
def list_own_requests(call: OwnCalling) -> list[OwnRequestShown]:
    """Newest first."""
    with call.reading() as session:
        return [_shown(session, row) for row in leave.list_requests(session, call.own)]


@router.post("", status_code=201, summary="Ask for leave")
def ask_for_leave(given: OwnRequest, call: OwnCalling) -> OwnRequestShown:
    terms = given.model_dump(exclude={"extends"})
    with call.writing() as session:
        wanted = leave.Wanted(kind=LeaveKind.LEAVE, **terms)
        row = leave.request_leave(
            session, call.own, call.own.subject_id, wanted, extends=given.extends, settings=call.settings, now=call.now
        )  # fmt: skip
        return _shown(session, row)


@router.post("/{request_id}/withdraw", summary="Take a request back")
def withdraw_own_request(request_id: PathId, call: OwnCalling) -> OwnRequestShown:
    with call.writing() as session:
        return _shown(session, leave.withdraw_leave(session, call.own, request_id, now=call.now))


@router.post("/{request_id}/reports", status_code=201, summary="I left, arrived, am back")
def report_own_leave(request_id: PathId, given: OwnReport, call: OwnCalling) -> OwnRequestShown:
    with call.writing() as session:
        leave.report_leave(session, call.own, request_id, given.kind, at=given.at or call.now, text=given.text, now=call.now)
        return _shown(session, leave.request_for(session, call.own, request_id))


def _shown(session: Session, row: LeaveRequest) -> OwnRequestShown:
    assert row.id is not None
    same = {name: getattr(row, name) for name in OwnRequestShown.model_fields if name != "reports"}
    reports = [OwnReportShown.model_validate(report) for report in leave.reports_of(session, row.id)]
    return OwnRequestShown(**same, reports=reports)
