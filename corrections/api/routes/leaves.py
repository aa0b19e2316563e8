"""外出请假: requests for leave and for regular cross-area activity, their decision, what is reported on them, and the permits."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import Field

from corrections.api.context import Calling
from corrections.api.models import BeforeId, Given, Id, Limit, Moment, Page, PathId, Shown, Text, page_of
from corrections.api.outlines import GivenOutline, geojson
from corrections.api.routes.authorities import EndAt
from corrections.api.routes.proposals import PDF, In, pdf
from corrections.domain.casework import ApprovalRank, LeaveKind, LeaveReason, LeaveReportKind, RequestState
from corrections.records import certificates, directory, leave, permits
from corrections.store.tables import LeavePermit, LeaveRequest

router = APIRouter(tags=["leaves"])


class Window(Given):
    """Local hours that recur; past midnight where it ends at or before it begins."""

    start: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
    until: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
    weekdays: Annotated[list[Annotated[int, Field(ge=0, le=6)]], Field(min_length=1, max_length=7, description="Monday 0.")]


class NewRequest(Given):
    kind: LeaveKind = LeaveKind.LEAVE
    reason: LeaveReason
    details: Text = ""
    destination: Text = Field(min_length=1, max_length=500)
    leaves_at: Moment
    returns_at: Moment
    conditions: Text = ""
    urgent: bool = Field(False, description="It could not be asked for earlier; details say why.")
    outline: GivenOutline | None = Field(
        None, description="Where it may be spent, the way there included (a union of area and corridor); anywhere, without one."
    )
    windows: list[Window] = Field([], max_length=50, description="Of regular cross-area activity: when.")
    extends: Id | None = Field(None, description="The request whose approved leave this one extends.")


class RequestShown(Shown):
    """A request, and what became of it."""

    id: int
    office_id: int
    subject_id: int
    kind: LeaveKind
    reason: LeaveReason
    details: str
    destination: str
    outline: dict[str, object] | None = Field(description="GeoJSON, WGS-84; null: anywhere.")
    windows: list[dict[str, Any]]
    leaves_at: datetime
    returns_at: datetime
    days: int = Field(description="Local calendar days, the first and the last included, with those of the leave it extends.")
    total_days: int = Field(description="The most days of leave within any two months that it touches.")
    rank: ApprovalRank = Field(description="Who decides about so many days.")
    late: bool = Field(description="Asked for later than is usual, and not as urgent.")
    conditions: str
    state: RequestState
    requested_at: datetime
    requested_by: int | None = Field(description="Null: the subject herself.")
    due_at: datetime = Field(description="By when it is to be decided.")
    decided_by: int | None
    decided_at: datetime | None
    decision_note: str
    approved_by: str
    procuratorate_told_at: datetime | None
    permit_id: int | None
    extends_id: int | None
    returned_at: datetime | None
    overdue_at: datetime | None = Field(description="When somebody is told, or told next, that she is not signed back in.")
    revision: int


class ReportOnLeave(Shown):
    """What she reported while away."""

    id: int
    request_id: int
    kind: LeaveReportKind
    at: datetime
    recorded_at: datetime
    recorded_by: int | None = Field(description="Null: the subject herself.")
    text: str


class RequestInFull(RequestShown):
    reports: list[ReportOnLeave]


class Approval(Given):
    revision: int = Field(ge=1)
    note: Text = ""
    conditions: Text | None = Field(None, description="In place of those asked for.")
    approved_by: Text = Field("", max_length=200, description="The body above the county's, where it decides.")
    procuratorate_told_at: Moment | None = None


class Refusal(Given):
    revision: int = Field(ge=1)
    reason: Text = Field(min_length=1, max_length=2000)


class NewReportOnLeave(Given):
    kind: LeaveReportKind
    at: Moment | None = Field(None, description="Now, unless said otherwise.")
    text: Text = Field("", max_length=2000, description="Of a late return: the reason.")


@router.get("/leave-requests", summary="Requests for leave")
def list_requests(
    call: Calling,
    subject_id: Annotated[Id | None, Query()] = None,
    state: RequestState | None = None,
    kind: LeaveKind | None = None,
    away: bool = False,
    before: BeforeId = None,
    limit: Limit = 100,
) -> Page[RequestShown]:
    """Newest first. ``away``: only approved leave that has begun and from which the subject is not signed back in."""
    which: dict[str, Any] = {"subject_id": subject_id, "state": state, "kind": kind, "away_at": call.now if away else None}
    with call.reading() as session:
        rows = leave.list_requests(session, call.actor, **which, before=before, limit=limit)
        return page_of([_request(row) for row in rows], list(rows), limit)


@router.post("/subjects/{subject_id}/leave-requests", status_code=201, summary="Ask for leave on behalf of a subject")
def request_leave(subject_id: PathId, given: NewRequest, call: Calling) -> RequestShown:
    """Its days, and those of the leave before, tell who decides about it."""
    terms = given.model_dump(exclude={"outline", "extends"})
    with call.writing() as session:
        outline = given.outline.read(session, call.actor) if given.outline else None
        wanted = leave.Wanted(**terms, outline=outline)
        return _request(
            leave.request_leave(session, call.actor, subject_id, wanted, extends=given.extends, settings=call.settings, now=call.now)
        )


@router.get("/leave-requests/{request_id}", summary="A request for leave")
def get_request(request_id: PathId, call: Calling) -> RequestInFull:
    with call.reading() as session:
        row = leave.request_for(session, call.actor, request_id)
        reports = [ReportOnLeave.model_validate(report) for report in leave.reports_of(session, request_id)]
        return RequestInFull(**_request(row).model_dump(), reports=reports)


@router.post("/leave-requests/{request_id}/approve", summary="Approve a request")
def approve_leave(request_id: PathId, given: Approval, call: Calling) -> RequestShown:
    """By the office head where the office may decide, else by the bureau, never by who asked. The permit counts at once, and for late
    reports too."""
    with call.writing() as session:
        return _request(
            leave.approve_leave(session, call.actor, request_id, **given.model_dump(), settings=call.settings, now=call.now)
        )  # fmt: skip


@router.post("/leave-requests/{request_id}/refuse", summary="Refuse a request, with the reason")
def refuse_leave(request_id: PathId, given: Refusal, call: Calling) -> RequestShown:
    with call.writing() as session:
        return _request(leave.refuse_leave(session, call.actor, request_id, **given.model_dump(), now=call.now))


@router.post("/leave-requests/{request_id}/withdraw", summary="Take back a request that is not decided")
def withdraw_leave(request_id: PathId, call: Calling) -> RequestShown:
    with call.writing() as session:
        return _request(leave.withdraw_leave(session, call.actor, request_id, now=call.now))


@router.post("/leave-requests/{request_id}/reports", status_code=201, summary="Note what a subject on leave reported")
def report_leave(request_id: PathId, given: NewReportOnLeave, call: Calling) -> ReportOnLeave:
    """Her return signs her back in (销假): the permit ends, and so does what was overdue about it."""
    with call.writing() as session:
        at = given.at or call.now
        row = leave.report_leave(session, call.actor, request_id, given.kind, at=at, text=given.text, now=call.now)
        return ReportOnLeave.model_validate(row)


@router.get("/leave-requests/{request_id}/certificate", response_class=Response, responses=PDF, summary="The certificate of a leave")
def get_certificate(request_id: PathId, call: Calling, language: In = None) -> Response:
    """Of an approved leave, as a PDF to be printed, signed and sealed; it is recorded in the audit trail."""
    with call.writing() as session:
        made = certificates.certificate(
            session, call.actor, request_id, language or call.language, settings=call.settings, now=call.now
        )  # fmt: skip
    return pdf(made)


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
    windows: list[dict[str, Any]] = Field(description="Local hours in which it holds, as a zone's; empty: all the time.")


class NewLeave(Given):
    """A leave that was approved on paper."""

    destination: Text = Field(min_length=1, max_length=500)
    valid_from: Moment
    valid_until: Moment
    outline: GivenOutline | None = Field(None, description="Where the leave may be spent; anywhere, without one.")
    windows: list[Window] = Field([], max_length=50, description="Of regular cross-area activity: when.")
    approved_by: Text = Field("", max_length=200, description="The one who records it, unless said otherwise.")


@router.get("/subjects/{subject_id}/leaves", summary="A subject's leave")
def list_leaves(subject_id: PathId, call: Calling) -> list[LeaveShown]:
    with call.reading() as session:
        return [_shown(row) for row in directory.leaves_of(session, call.actor, subject_id)]


@router.post("/subjects/{subject_id}/leaves", status_code=201, summary="Record a leave that was approved on paper")
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


def _request(row: LeaveRequest) -> RequestShown:
    same = {name: getattr(row, name) for name in RequestShown.model_fields if name != "outline"}
    return RequestShown(**same, outline=geojson(row.outline) if row.outline else None)


def _shown(row: LeavePermit) -> LeaveShown:
    same = {name: getattr(row, name) for name in LeaveShown.model_fields if name != "outline"}
    return LeaveShown(**same, outline=geojson(row.outline) if row.outline else None)
