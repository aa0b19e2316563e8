"""提醒: who is to be told what, until somebody says that it was told. No places."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse, Response

from corrections.console.pages import page
from corrections.console.visit import MOST_ID, Form, PathId, Visit, Visiting
from corrections.errors import Conflict, CorrectionsError
from corrections.review import notices

router = APIRouter(prefix="/console/notices")
ROWS = 50


class Tab(StrEnum):
    OPEN = "open"
    DONE = "done"


@router.get("")
def show(visit: Visiting, tab: Tab = Tab.OPEN, before: Annotated[int | None, Query(ge=1, le=MOST_ID)] = None) -> Response:
    return _shown(visit, tab, before)


@router.post("/{notice_id}/done")
def complete(_form: Form, notice_id: PathId, visit: Visiting) -> Response:
    """What is refused shows the notices as they stand now, and why."""
    try:
        with visit.writing() as session:
            notices.complete_notice(session, visit.actor, notice_id, visit.now)
    except Conflict as error:
        return _shown(visit, Tab.OPEN, None, error)
    return RedirectResponse("/console/notices", 303)


def _shown(visit: Visit, tab: Tab, before: int | None, error: CorrectionsError | None = None) -> Response:
    with visit.reading() as session:
        found = notices.list_notices(session, visit.actor, done=tab is Tab.DONE, before=before, limit=ROWS + 1)
    more = found[ROWS - 1].id if len(found) > ROWS else None
    return page(
        visit, "notices.html.j2", status=error.status if error else 200, here=f"/console/notices?tab={tab}", items=found[:ROWS], tab=tab,
        tabs=Tab, before=more, first=before is None, error=error,
    )  # fmt: skip
