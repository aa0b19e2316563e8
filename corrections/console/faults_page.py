"""故障与疑点: doubts about devices, messages that could not be used, subjects who cannot be evaluated, outages. No places."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse, Response

from corrections.console.pages import page
from corrections.console.visit import MOST_ID, Form, PathId, Visiting
from corrections.records import faults
from corrections.store.access import Action

router = APIRouter(prefix="/console/faults")
ROWS = 50
LATEST = 10  # outages and area-wide silences


@router.get("")
def show(visit: Visiting, before: Annotated[int | None, Query(ge=1, le=MOST_ID)] = None) -> Response:
    """``before`` turns the pages of the messages that were set aside."""
    visit.actor.require(Action.READ_FAULTS)
    with visit.reading() as session:
        set_aside = faults.list_set_aside(session, visit.actor, before=before, limit=ROWS + 1)
        return page(
            visit, "faults.html.j2", flags=faults.list_device_flags(session, visit.actor, limit=500), set_aside=set_aside[:ROWS],
            failing=faults.list_failing(session, visit.actor), outages=faults.list_outages(session, visit.actor, limit=LATEST),
            silences=faults.list_area_silences(session, visit.actor, limit=LATEST),
            before=set_aside[ROWS - 1][0].id if len(set_aside) > ROWS else None, first=before is None,
        )  # fmt: skip


@router.post("/subjects/{subject_id}/retry")
def retry(_form: Form, subject_id: PathId, visit: Visiting) -> Response:
    """Have a subject who cannot be evaluated tried again at the monitor's next turn."""
    with visit.writing() as session:
        faults.retry(session, visit.actor, subject_id, visit.now)
    return RedirectResponse("/console/faults", 303)
