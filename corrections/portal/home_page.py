"""The first page: who looks after her, whether her phone is in touch, what she is asked for, which day comes next."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from corrections.domain.model import SubjectStatus
from corrections.portal import speech
from corrections.portal.pages import page
from corrections.portal.visit import PathId, Visiting
from corrections.records.own_home import check_in_asked, home, note_seen
from corrections.records.own_rules import leave_in_force

router = APIRouter()


@router.get("/me")
def show(visit: Visiting) -> Response:
    with visit.reading() as session:
        found = home(session, visit.own, visit.settings, visit.now)
        leave = leave_in_force(session, visit.own, visit.now)
        ends = speech.last_day(found.term_until, visit.timezone)
        return page(
            visit, "home.html.j2", home=found, leave=leave, ends=ends,
            asked=check_in_asked(session, visit.own, visit.now), left=speech.days_left(ends, visit.now, visit.timezone),
            active=found.status is SubjectStatus.ACTIVE,
        )  # fmt: skip


@router.post("/me/notices/{notice_id}/seen")
def seen(notice_id: PathId, visit: Visiting) -> Response:
    with visit.writing() as session:
        note_seen(session, visit.own, notice_id, visit.now)
    return RedirectResponse("/me", 303)
