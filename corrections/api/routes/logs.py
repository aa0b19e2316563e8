"""监管日志: a subject's supervision log, and officers' entries in it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse
from pydantic import AfterValidator, Field

from corrections.api.context import Call, Calling
from corrections.api.models import Given, Moment, PathId, Purpose, Shown, Text, sane_day
from corrections.records import log_page, logs
from corrections.records.logs import EntryKind

router = APIRouter(prefix="/subjects/{subject_id}", tags=["logs"])

# The page brings its own style and loads nothing.
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
First = Annotated[date, AfterValidator(sane_day), Query(alias="from", description="The first local day.")]
Last = Annotated[date, AfterValidator(sane_day), Query(alias="until", description="The last local day, included; up to 366 days in all.")]


class DayShown(Shown):
    """A local day of a subject's log. A day once closed is only ever added to."""

    day: date
    subject: dict[str, Any] = Field(description="As the register said then.")
    closed: bool = Field(description="Whether it was closed; one that was not is told as it is now.")
    written_at: datetime
    log: dict[str, Any] = Field(description="As it stands now: coverage, where, violations and their handling, officers' entries.")
    parts: list[dict[str, Any]] = Field(description="What was added after it was closed, and why.")


class NewEntry(Given):
    kind: EntryKind
    content: Text = Field(min_length=1, max_length=5000)
    at: Moment | None = Field(None, description="When it took place; now, where it is left out.")


class EntryShown(Shown):
    id: int
    subject_id: int
    day: date
    at: datetime
    officer_id: int
    kind: EntryKind
    content: str


@router.get("/log", summary="A subject's supervision log")
def get_log(subject_id: PathId, purpose: Purpose, first: First, last: Last, call: Calling) -> list[DayShown]:
    return [DayShown.model_validate(day) for day in _read(call, subject_id, first, last, purpose)]


@router.get("/log.html", summary="The supervision log as a page", response_class=HTMLResponse)
def get_log_page(subject_id: PathId, purpose: Purpose, first: First, last: Last, call: Calling) -> HTMLResponse:
    """To read and to print, in Chinese and English."""
    days = _read(call, subject_id, first, last, purpose)
    page = log_page.render(days, language=call.language, printed_by=call.actor.name, printed_at=call.now)
    return HTMLResponse(page, headers={"Content-Security-Policy": PAGE_POLICY})


@router.post("/log/entries", status_code=201, summary="Add an entry to the log")
def add_entry(subject_id: PathId, given: NewEntry, call: Calling) -> EntryShown:
    """A day that is closed gets it as an addition."""
    with call.writing() as session:
        terms: dict[str, Any] = {"kind": given.kind, "content": given.content, "at": given.at or call.now}
        return EntryShown.model_validate(logs.add_entry(session, call.actor, subject_id, **terms, now=call.now))


def _read(call: Call, subject_id: int, first: date, last: date, purpose: str) -> list[dict[str, Any]]:
    with call.writing() as session:
        return logs.read_log(session, call.actor, subject_id, first, last, purpose, call.now, settings=call.settings)
