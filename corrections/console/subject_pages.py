"""社区矫正对象: who is within reach, the register of one, and the way to her supervision log."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import date, timedelta
from typing import Annotated, Literal, NamedTuple

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlmodel import Session, col, select

from corrections.console.pages import page
from corrections.console.visit import MOST_ID, Form, PathId, Visit, Visiting, checked_purpose, language_of
from corrections.domain.model import ReviewState, SubjectStatus
from corrections.errors import Conflict, CorrectionsError, Invalid
from corrections.monitor import asking
from corrections.monitor.present import NextStep, Phone, Present, next_step, phone, present
from corrections.records import directory, log_page, logs
from corrections.review.items import QueueItem
from corrections.review.queue import list_queue
from corrections.store.access import Action, subject_for
from corrections.store.tables import Office, Officer, SubjectState

router = APIRouter(prefix="/console/subjects")
ROWS = 50
LATEST = 20  # violations on a subject's page
LOG_DAYS = 7  # offered as links
YEARS = (1900, 2200)  # that calendars of every time zone can hold


class Now(NamedTuple):
    """How a subject stands, what her phone last said, and what comes next of a silence."""

    stand: Present
    phone: Phone
    step: NextStep | None


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


@router.get("/{subject_id}")
def subject(subject_id: PathId, visit: Visiting, done: Literal["asked"] | None = None) -> Response:
    return _subject(visit, subject_id, done=done)


@router.post("/{subject_id}/fix-requests")
def ask_for_fix(form: Form, subject_id: PathId, visit: Visiting) -> Response:
    """Ask for a fresh fix. What is refused shows the subject as she stands now, and why."""
    try:
        purpose = checked_purpose(form.get("purpose", ""))
        with visit.writing() as session:
            asking.request_fix(session, visit.actor, subject_id, purpose, visit.settings, visit.now)
    except (Invalid, Conflict) as error:
        return _subject(visit, subject_id, error=error)
    return RedirectResponse(f"/console/subjects/{subject_id}?done=asked", 303)


def _subject(visit: Visit, subject_id: int, *, error: CorrectionsError | None = None, done: str | None = None) -> Response:
    with visit.reading() as session:
        row = subject_for(session, visit.actor, subject_id, Action.READ_REGISTER)
        state = session.get(SubjectState, subject_id)
        return page(
            visit, "subject.html.j2", status=error.status if error else 200, here=f"/console/subjects/{subject_id}", subject=row,
            office=session.get_one(Office, row.office_id).name,
            officer=_names(session, {row.officer_id}).get(row.officer_id) if row.officer_id is not None else None,
            authorities=directory.authorities_of(session, visit.actor, subject_id),
            devices=directory.devices_of(session, visit.actor, subject_id), leaves=directory.leaves_of(session, visit.actor, subject_id),
            last_contact=state.last_contact_at if state else None,
            flags=directory.flags_of(session, visit.actor, subject_id), now=_now(session, visit, subject_id),
            violations=_latest(session, visit, subject_id) if visit.may(Action.REVIEW) else None, days=_days(visit), error=error, done=done,
        )  # fmt: skip


def _now(session: Session, visit: Visit, subject_id: int) -> Now | None:
    """How she stands now; None for who may not know, and before anything is known."""
    stand = present(session, visit.actor, [subject_id], visit.now).get(subject_id) if visit.may(Action.REVIEW) else None
    if stand is None:
        return None
    return Now(stand, phone(session, visit.actor, subject_id, visit.now), next_step(session, visit.actor, subject_id))


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


def _latest(session: Session, visit: Visit, subject_id: int) -> list[QueueItem]:
    """What asks for attention and what was decided, the latest first."""
    found: dict[int, QueueItem] = {}
    for state in (None, ReviewState.DECIDED):
        for item in list_queue(session, visit.actor, state=state, subject_id=subject_id, now=visit.now).items:
            found[item.id] = item
    return sorted(found.values(), key=lambda item: item.started_at, reverse=True)[:LATEST]


def _days(visit: Visit) -> list[date]:
    today = visit.now.astimezone(visit.timezone).date()
    return [today - timedelta(days=back) for back in range(LOG_DAYS)]


def _names(session: Session, ids: set[int | None]) -> dict[int | None, str]:
    return dict(session.exec(select(Officer.id, Officer.name).where(col(Officer.id).in_(ids))).all())
