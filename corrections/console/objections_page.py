"""异议: what subjects object to, and the answers they are given by a head who had no part in it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse, Response
from sqlmodel import col, select

from corrections.console.pages import page
from corrections.console.visit import MOST_ID, Form, PathId, Visit, Visiting, choice
from corrections.domain.casework import ObjectedTo, ObjectionOutcome
from corrections.errors import Conflict, CorrectionsError, Forbidden, Invalid
from corrections.records import objections
from corrections.store.tables import Officer, Subject

router = APIRouter(prefix="/console/objections")
ROWS = 50
WAITING = 200


@router.get("")
def show(visit: Visiting, before: Annotated[int | None, Query(ge=1, le=MOST_ID)] = None) -> Response:
    return _shown(visit, before)


@router.post("/{objection_id}")
def answer(form: Form, objection_id: PathId, visit: Visiting) -> Response:
    try:
        with visit.writing() as session:
            outcome = choice(form, "outcome", ObjectionOutcome)
            objections.answer(session, visit.actor, objection_id, outcome=outcome, text=form.get("text", ""), now=visit.now)
    except (Invalid, Conflict, Forbidden) as error:
        return _shown(visit, None, error=error, failed=objection_id, typed=form)
    return RedirectResponse("/console/objections?done=answered", 303)


def _shown(
    visit: Visit,
    before: int | None,
    *,
    error: CorrectionsError | None = None,
    failed: int | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    with visit.reading() as session:
        waiting = objections.list_objections(session, visit.actor, open=True, limit=WAITING)
        answered = objections.list_objections(session, visit.actor, open=False, before=before, limit=ROWS + 1)
        ids = {one.subject_id for one in (*waiting, *answered)}
        people = {one.id: one for one in session.exec(select(Subject).where(col(Subject.id).in_(ids)))}
        by = {one.answered_by for one in answered}
        staff = dict(session.exec(select(Officer.id, Officer.name).where(col(Officer.id).in_(by))).all())
        return page(
            visit, "objections.html.j2", status=error.status if error else 200, here="/console/objections",
            waiting=sorted(waiting, key=lambda one: one.due_at), answered=answered[:ROWS], people=people, staff=staff, first=before is None,
            before=answered[ROWS - 1].id if len(answered) > ROWS else None, error=error, failed=failed, typed=typed or {},
            done="done" in visit.request.query_params, ObjectedTo=ObjectedTo, ObjectionOutcome=ObjectionOutcome,
        )  # fmt: skip
