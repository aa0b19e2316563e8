"""监管日志: whose days are closed or amended, and an officer's own entries."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse, Response

from corrections.console.forms import moment
from corrections.console.pages import page
from corrections.console.visit import MOST_ID, Form, PathId, Visit, Visiting, choice
from corrections.errors import CorrectionsError, Invalid
from corrections.records import directory, logs
from corrections.records.logs import EntryKind
from corrections.store.access import Action, subject_for

router = APIRouter(prefix="/console")
ROWS = 40
DAYS = 7
LATEST = 20  # entries beside the form


@router.get("/log")
def show(
    visit: Visiting, search: Annotated[str, Query(max_length=200)] = "", after: Annotated[int, Query(ge=0, le=MOST_ID)] = 0
) -> Response:
    """Subjects with the last days of each; no positions."""
    visit.actor.require(Action.WRITE_LOG)
    today = visit.now.astimezone(visit.timezone).date()
    days = [today - timedelta(days=back) for back in range(DAYS)]
    sought = search.replace("\x00", "").strip()
    with visit.reading() as session:
        found = directory.list_subjects(session, visit.actor, search=sought, status=None, uncertain=False, after=after, limit=ROWS + 1)
        more = found[ROWS - 1].id if len(found) > ROWS else None
        parts = logs.parts_of(session, [one.id for one in found if one.id is not None], days[-1], days[0])
        return page(visit, "log.html.j2", subjects=found[:ROWS], days=days, log_parts=parts, search=sought, after=more, first=after == 0)


@router.get("/subjects/{subject_id}/entries")
def entry_form(subject_id: PathId, visit: Visiting, done: str | None = None) -> Response:
    return _form(visit, subject_id, {}, done=done)


@router.post("/subjects/{subject_id}/entries")
def write(form: Form, subject_id: PathId, visit: Visiting) -> Response:
    """A visit, a talk, a report, education: for a moment of the last days."""
    try:
        at = moment(visit, form, "at") if form.get("at") else visit.now
        with visit.writing() as session:
            kind = choice(form, "kind", EntryKind)
            logs.add_entry(session, visit.actor, subject_id, kind=kind, content=form.get("content", ""), at=at, now=visit.now)
    except Invalid as error:
        return _form(visit, subject_id, form, error=error)
    return RedirectResponse(f"/console/subjects/{subject_id}/entries?done=saved", 303)


def _form(
    visit: Visit, subject_id: int, typed: dict[str, str], *, done: str | None = None, error: CorrectionsError | None = None
) -> Response:
    with visit.reading() as session:
        subject = subject_for(session, visit.actor, subject_id, Action.WRITE_LOG)
        entries = logs.entries_of(session, subject_id, limit=LATEST)
        return page(
            visit, "log_entry.html.j2", status=error.status if error else 200, here=f"/console/subjects/{subject_id}/entries",
            subject=subject, kinds=list(EntryKind), typed=typed, done=done, error=error, entries=entries,
        )  # fmt: skip
