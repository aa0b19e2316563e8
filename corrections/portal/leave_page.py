"""Leave: her requests and their state, asking for leave with its papers, and telling by one button that she left, arrived and is back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from corrections.domain.casework import AttachedTo, LeaveKind, LeaveReason, LeaveReportKind, RequestState
from corrections.errors import Conflict, Invalid, NotFound
from corrections.portal.pages import page
from corrections.portal.visit import MOST_ID, Form, PathId, Uploading, Visit, Visiting, choice
from corrections.records import attachments, leave
from corrections.records.own_rules import leave_in_force
from corrections.store.access import Own
from corrections.store.tables import Attachment, LeaveReport, LeaveRequest
from corrections.web import Upload

router = APIRouter()
HERE = "/me/leave"
FIELDS = ("destination", "reason", "details", "leaves_at", "returns_at")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with what was reported on it, which reports come next (the likeliest first), and whether a return now would be late."""

    request: LeaveRequest
    reports: Sequence[LeaveReport]
    steps: Sequence[LeaveReportKind]
    late: bool
    extendable: bool
    papers: Sequence[Attachment]


@router.get(HERE)
def requests(visit: Visiting, done: bool = False) -> Response:
    return _list(visit, done=done)


@router.get(f"{HERE}/new")
def form(visit: Visiting, extends: Annotated[int | None, Query(ge=1, le=MOST_ID)] = None) -> Response:
    """Asking for leave, or for an approved one to last longer."""
    given = dict.fromkeys(FIELDS, "")
    if extends is not None:
        with visit.reading() as session:
            base = leave.request_for(session, visit.own, extends)
            given |= {"destination": base.destination, "reason": base.reason, "leaves_at": _wall(visit, base.returns_at)}
    return _form(visit, given, extends)


@router.post(HERE)
def ask(given: Uploading, visit: Visiting) -> Response:
    """What cannot be taken, a paper among it, shows the form again, with what was written."""
    sent = given.fields
    extends = int(sent["extends"]) if sent.get("extends", "").isascii() and sent.get("extends", "").isdigit() else None
    try:
        with visit.writing() as session:
            wanted = leave.Wanted(
                kind=LeaveKind.LEAVE, reason=choice(sent, "reason", LeaveReason), destination=sent.get("destination", ""),
                details=sent.get("details", ""), leaves_at=_begins(visit, session, sent, extends),
                returns_at=_moment(visit, sent, "returns_at"),
            )  # fmt: skip
            made = leave.request_leave(
                session, visit.own, visit.own.subject_id, wanted, extends=extends, settings=visit.settings, now=visit.now
            )  # fmt: skip
            _attach(session, visit, made.id, given.files)
    except (Invalid, Conflict) as error:
        return _form(visit, {name: sent.get(name, "") for name in FIELDS}, extends, error)
    return RedirectResponse(f"{HERE}?done=true", 303)


@router.post(f"{HERE}/{{request_id}}/report")
def report(sent: Form, request_id: PathId, visit: Visiting) -> Response:
    """She left, arrived or is back, now."""
    try:
        with visit.writing() as session:
            kind = choice(sent, "kind", LeaveReportKind)
            leave.report_leave(session, visit.own, request_id, kind, at=visit.now, text=sent.get("text", ""), now=visit.now)
    except (Invalid, Conflict) as error:
        return _list(visit, error=error)
    return RedirectResponse(f"{HERE}?done=true", 303)


@router.post(f"{HERE}/{{request_id}}/papers")
def add_papers(given: Uploading, request_id: PathId, visit: Visiting) -> Response:
    """More papers beside a request of hers."""
    try:
        with visit.writing() as session:
            leave.request_for(session, visit.own, request_id)
            _attach(session, visit, request_id, given.files)
    except (Invalid, Conflict) as error:
        return _list(visit, error=error)
    return RedirectResponse(f"{HERE}?done=true", 303)


@router.get("/me/papers/{paper_id}")
def paper(paper_id: PathId, visit: Visiting) -> Response:
    """A paper that she gave; that it was opened is on record."""
    with visit.writing() as session:
        attachment, file = attachments.open_attachment(session, visit.own, paper_id, visit.now)
        told = f"attachment; filename*=UTF-8''{quote(attachment.name)}"
        return Response(file.content, media_type=file.media_type, headers={"Content-Disposition": told})


@router.post(f"{HERE}/{{request_id}}/withdraw")
def withdraw(request_id: PathId, visit: Visiting) -> Response:
    try:
        with visit.writing() as session:
            leave.withdraw_leave(session, visit.own, request_id, now=visit.now)
    except Conflict as error:
        return _list(visit, error=error)
    return RedirectResponse(f"{HERE}?done=true", 303)


def _list(visit: Visit, *, done: bool = False, error: Invalid | Conflict | None = None) -> Response:
    with visit.reading() as session:
        rows = leave.list_requests(session, visit.own)
        extended = {row.extends_id for row in rows if row.state == RequestState.APPROVED}
        asked = [_asked(session, visit.own, row, row.id in extended, visit.now) for row in rows]
        asked.sort(key=lambda one: (not one.steps, one.request.state != RequestState.REQUESTED))  # what asks for something comes first
        return page(
            visit, "leave.html.j2", status=error.status if error else 200, here=HERE, asked=asked, done=done, error=error,
            permits=leave_in_force(session, visit.own, visit.now),
        )  # fmt: skip


def _asked(session: Session, own: Own, row: LeaveRequest, extended: bool, now: datetime) -> Asked:
    reports = leave.reports_of(session, row.id) if row.id is not None else []
    on_leave = row.state == RequestState.APPROVED and row.kind == LeaveKind.LEAVE and row.returned_at is None and not extended
    told = {one.kind for one in reports}
    steps = []
    if on_leave and row.leaves_at <= now + timedelta(days=1):
        steps = [kind for kind in (LeaveReportKind.DEPARTURE, LeaveReportKind.ARRIVAL) if kind.value not in told][:1]
        steps += [LeaveReportKind.RETURN] if row.leaves_at <= now else []
    papers = [one for one, _ in attachments.list_attachments(session, own, AttachedTo.LEAVE_REQUEST, row.id)] if row.id is not None else []
    return Asked(row, reports, steps, now > row.returns_at, on_leave and row.returns_at > now, papers)


def _attach(session: Session, visit: Visit, request_id: int | None, files: Sequence[Upload]) -> None:
    assert request_id is not None
    for file in files:
        attachments.attach(
            session, visit.own, AttachedTo.LEAVE_REQUEST, request_id, content=file.content, media_type=file.media_type, name=file.name,
            settings=visit.settings, now=visit.now,
        )  # fmt: skip


def _form(visit: Visit, given: dict[str, str], extends: int | None, error: Invalid | Conflict | NotFound | None = None) -> Response:
    return page(
        visit, "leave_form.html.j2", status=error.status if error else 200, here=f"{HERE}/new", given=given, extends=extends, error=error,
        reasons=list(LeaveReason), least=_wall(visit, visit.now),
    )  # fmt: skip


def _begins(visit: Visit, session: Session, sent: dict[str, str], extends: int | None) -> datetime:
    """An extension begins when the leave ends, whatever the form says."""
    if extends is not None:
        return leave.request_for(session, visit.own, extends).returns_at
    return _moment(visit, sent, "leaves_at")


def _moment(visit: Visit, sent: dict[str, str], name: str) -> datetime:
    """A moment as her phone's form sends it, on her bureau's wall clock. Raises Invalid."""
    try:
        read = datetime.fromisoformat(sent.get(name, "").strip())
    except ValueError:
        read = None
    if read is None or read.tzinfo is not None or not 1900 <= read.year <= 2200:
        raise Invalid("Give day and hour.", "请填写日期和时间。", field=name)
    return read.replace(tzinfo=visit.timezone).astimezone(UTC)


def _wall(visit: Visit, at: datetime) -> str:
    return f"{at.astimezone(visit.timezone):%Y-%m-%dT%H:%M}"
