"""外出请假: what is to be decided, who is out and when she is due back, one request with its handling, and asking on a subject's behalf."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session, col, select

from corrections.console.forms import lines_of_windows, moment, wall
from corrections.console.pages import download, page
from corrections.console.visit import MOST_ID, Form, PathId, Visit, Visiting, choice, language_of, number
from corrections.domain.casework import ApprovalRank, AttachedTo, LeaveKind, LeaveReason, LeaveReportKind, RequestState
from corrections.errors import Conflict, CorrectionsError, Forbidden, Invalid
from corrections.records import attachments, certificates, leave
from corrections.records.outlines import read_outline
from corrections.store.access import Action, subject_for
from corrections.store.tables import LeaveRequest, Office, Officer, Subject

router = APIRouter(prefix="/console/leave")
MOST = 200
RECENT = 50
KINDS: dict[str, Any] = {
    "LeaveKind": LeaveKind, "LeaveReason": LeaveReason, "RequestState": RequestState, "ApprovalRank": ApprovalRank,
    "LeaveReportKind": LeaveReportKind,
}  # fmt: skip


class Step(StrEnum):
    APPROVE = "approve"
    REFUSE = "refuse"
    REPORT = "report"
    WITHDRAW = "withdraw"


@router.get("")
def show(visit: Visiting, before: Annotated[int | None, Query(ge=1, le=MOST_ID)] = None) -> Response:
    """What waits for a decision and who is out first, then all, the newest first."""
    with visit.reading() as session:
        asked = leave.list_requests(session, visit.actor, state=RequestState.REQUESTED, limit=MOST)
        away = leave.list_requests(session, visit.actor, away_at=visit.now, limit=MOST)
        every = leave.list_requests(session, visit.actor, before=before, limit=RECENT + 1)
        more = every[RECENT - 1].id if len(every) > RECENT else None
        return page(
            visit, "leave.html.j2", asked=sorted(asked, key=lambda one: one.due_at), away=sorted(away, key=lambda one: one.returns_at),
            every=every[:RECENT], before=more, first=before is None, people=_people(session, [*asked, *away, *every]), **KINDS,
        )  # fmt: skip


@router.get("/new")
def ask_form(
    visit: Visiting, subject: Annotated[int, Query(ge=1, le=MOST_ID)], extends: Annotated[int | None, Query(ge=1, le=MOST_ID)] = None
) -> Response:
    given: dict[str, str] = {"kind": LeaveKind.LEAVE.value}
    if extends is not None:
        with visit.reading() as session:
            base = leave.request_for(session, visit.actor, extends)
            given |= {
                "destination": base.destination,
                "reason": base.reason,
                "leaves_at": wall(visit, base.returns_at),
                "extends": str(extends),
            }
    return _form(visit, subject, given)


@router.post("/new")
def ask(form: Form, visit: Visiting) -> Response:
    """What is refused shows the form again, with what was typed."""
    subject_id = number(form, "subject")
    try:
        wanted = leave.Wanted(
            kind=choice(form, "kind", LeaveKind), reason=choice(form, "reason", LeaveReason), destination=form.get("destination", ""),
            leaves_at=moment(visit, form, "leaves_at"), returns_at=moment(visit, form, "returns_at"), details=form.get("details", ""),
            conditions=form.get("conditions", ""), urgent=form.get("urgent") == "yes", windows=lines_of_windows(form.get("windows", "")),
            outline=read_outline(form["area"]) if form.get("area", "").strip() else None,
        )  # fmt: skip
        extends = number(form, "extends") if form.get("extends") else None
        with visit.writing() as session:
            made = leave.request_leave(session, visit.actor, subject_id, wanted, extends=extends, settings=visit.settings, now=visit.now)
    except (Invalid, Conflict) as error:
        return _form(visit, subject_id, form, error)
    return RedirectResponse(f"/console/leave/{made.id}?done=asked", 303)


@router.get("/{request_id}")
def show_one(request_id: PathId, visit: Visiting, done: str | None = None) -> Response:
    return _shown(visit, request_id, done=done)


@router.get("/{request_id}/certificate")
def certificate(request_id: PathId, visit: Visiting) -> Response:
    """外出证明, as a PDF to be printed, signed and sealed; that it was made is on record."""
    with visit.writing() as session:
        made = certificates.certificate(
            session, visit.actor, request_id, language_of(visit.request, visit.desk), settings=visit.settings, now=visit.now
        )
    paper = made.paper()
    return download(paper.content, "application/pdf", paper.name)


@router.post("/{request_id}/{step}")
def take_step(form: Form, request_id: PathId, step: Step, visit: Visiting) -> Response:
    try:
        with visit.writing() as session:
            _STEPS[step](session, visit, request_id, form)
    except (Invalid, Conflict, Forbidden) as error:
        return _shown(visit, request_id, error=error, failed=step, typed=form)
    return RedirectResponse(f"/console/leave/{request_id}?done={step}", 303)


def _approve(session: Session, visit: Visit, request_id: int, form: Mapping[str, str]) -> object:
    told = moment(visit, form, "procuratorate_told_at") if form.get("procuratorate_told_at") else None
    return leave.approve_leave(
        session,
        visit.actor,
        request_id,
        revision=number(dict(form), "revision"),
        note=form.get("note", ""),
        conditions=form.get("conditions"),
        approved_by=form.get("approved_by", ""),
        procuratorate_told_at=told,
        settings=visit.settings,
        now=visit.now,
    )


def _refuse(session: Session, visit: Visit, request_id: int, form: Mapping[str, str]) -> object:
    revision, reason = number(dict(form), "revision"), form.get("reason", "")
    return leave.refuse_leave(session, visit.actor, request_id, revision=revision, reason=reason, now=visit.now)


def _report(session: Session, visit: Visit, request_id: int, form: Mapping[str, str]) -> object:
    kind = choice(dict(form), "kind", LeaveReportKind)
    at = moment(visit, form, "at") if form.get("at") else visit.now
    return leave.report_leave(session, visit.actor, request_id, kind, at=at, text=form.get("text", ""), now=visit.now)


def _withdraw(session: Session, visit: Visit, request_id: int, _form: Mapping[str, str]) -> object:
    return leave.withdraw_leave(session, visit.actor, request_id, now=visit.now)


_STEPS: Mapping[Step, Callable[[Session, Visit, int, Mapping[str, str]], object]] = {
    Step.APPROVE: _approve, Step.REFUSE: _refuse, Step.REPORT: _report, Step.WITHDRAW: _withdraw,
}  # fmt: skip


def _shown(
    visit: Visit,
    request_id: int,
    *,
    done: str | None = None,
    error: CorrectionsError | None = None,
    failed: Step | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    with visit.reading() as session:
        one = leave.request_for(session, visit.actor, request_id)
        return page(
            visit,
            "leave_one.html.j2",
            status=error.status if error else 200,
            here=f"/console/leave/{request_id}",
            one=one,
            people=_people(session, [one]),
            office=session.get_one(Office, one.office_id).name,
            reports=leave.reports_of(session, request_id),
            staff=_staff(session, one),
            papers=attachments.list_attachments(session, visit.actor, AttachedTo.LEAVE_REQUEST, request_id),
            done=done,
            error=error,
            failed=failed,
            typed=typed or {},
            Step=Step,
            **KINDS,
        )


def _form(visit: Visit, subject_id: int, given: Mapping[str, str], error: CorrectionsError | None = None) -> Response:
    with visit.reading() as session:
        subject = subject_for(session, visit.actor, subject_id, Action.REVIEW)
        return page(
            visit, "leave_form.html.j2", status=error.status if error else 200, here=f"/console/leave/new?subject={subject_id}",
            subject=subject, given=given, error=error, **KINDS,
        )  # fmt: skip


def _people(session: Session, requests: Sequence[LeaveRequest]) -> dict[int | None, Subject]:
    ids = {one.subject_id for one in requests}
    return {subject.id: subject for subject in session.exec(select(Subject).where(col(Subject.id).in_(ids)))}


def _staff(session: Session, one: LeaveRequest) -> dict[int | None, str]:
    ids = {one.requested_by, one.decided_by}
    return dict(session.exec(select(Officer.id, Officer.name).where(col(Officer.id).in_(ids))).all())
