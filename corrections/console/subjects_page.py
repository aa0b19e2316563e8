"""社区矫正对象: who is within reach, and the way to the supervision log of one."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlmodel import Session, col, select

from corrections.console.pages import page
from corrections.console.visit import MOST_ID, PathId, Visit, Visiting, language_of
from corrections.domain.model import SubjectStatus
from corrections.errors import Invalid
from corrections.monitor.present import present
from corrections.records import directory, log_page, logs
from corrections.store.access import Action, subject_for
from corrections.store.tables import Officer

router = APIRouter(prefix="/console/subjects")
ROWS = 50
YEARS = (1900, 2200)  # that calendars of every time zone can hold


@router.get("")
def subjects(
    visit: Visiting,
    search: Annotated[str, Query(max_length=200)] = "",
    standing: SubjectStatus | None = None,
    uncertain: bool = False,
    after: Annotated[int, Query(ge=0, le=MOST_ID)] = 0,
) -> Response:
    """``uncertain`` keeps those of whom one cannot tell on which side they are."""
    sought = search.replace("\x00", "").strip()
    wanted = {"search": sought, "standing": standing.value if standing else "", "uncertain": "true" if uncertain else ""}
    with visit.reading() as session:
        rows = directory.list_subjects(
            session, visit.actor, search=sought, status=standing, uncertain=uncertain, after=after, limit=ROWS + 1
        )  # fmt: skip
        officers = _names(session, {row.officer_id for row in rows if row.officer_id is not None})
        offices = {office.id: office.name for office in directory.list_offices(session, visit.actor)}
        more = rows[ROWS - 1].id if len(rows) > ROWS else None
        stand = present(session, visit.actor, [row.id for row in rows[:ROWS] if row.id], visit.now) if visit.may(Action.REVIEW) else None
        return page(
            visit, "subjects.html.j2", subjects=rows[:ROWS], officers=officers, offices=offices, present=stand, search=sought,
            standing=standing, uncertain=uncertain, wanted={name: value for name, value in wanted.items() if value}, after=more,
            first=after == 0,
        )  # fmt: skip


@router.get("/{subject_id}/log")
def choose_day(subject_id: PathId, visit: Visiting, day: date) -> Response:
    """Where the form that asks for a day leads to."""
    return RedirectResponse(f"/console/subjects/{subject_id}/log/{day.isoformat()}", 303)


@router.get("/{subject_id}/log/{day}")
def log(subject_id: PathId, day: date, visit: Visiting) -> Response:
    """The log of a local day, once it was said why locations are looked at."""
    if not YEARS[0] <= day.year <= YEARS[1]:
        raise Invalid("The day is out of range.", "日期超出范围。", field="day")
    if visit.purpose:
        return _log_page(visit, subject_id, day, visit.purpose)
    with visit.reading() as session:
        row = subject_for(session, visit.actor, subject_id, Action.READ_LOCATION)
        return page(visit, "log_purpose.html.j2", subject=row, day=day)


def _log_page(visit: Visit, subject_id: int, day: date, purpose: str) -> Response:
    with visit.writing() as session:
        days = logs.read_log(session, visit.actor, subject_id, day, day, purpose, visit.now, settings=visit.settings)
    language = language_of(visit.request, visit.desk)
    told = log_page.render(days, language=language, printed_by=visit.actor.name, printed_at=visit.now)
    return HTMLResponse(told, headers={"Content-Security-Policy": _policy(told)})


def _policy(told: str) -> str:
    """The log brings its own style: that one, known by its hash, is let in and nothing else."""
    styles = re.findall(r"<style>(.*?)</style>", told, re.DOTALL)
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'" for style in styles)
    return f"default-src 'none'; style-src {hashes}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


def _names(session: Session, ids: set[int | None]) -> dict[int | None, str]:
    return dict(session.exec(select(Officer.id, Officer.name).where(col(Officer.id).in_(ids))).all())
