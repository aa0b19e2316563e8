"""Search across subjects and violations."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse, Response

from corrections.console.pages import page
from corrections.console.visit import Visiting
from corrections.records.finding import LONGEST, find

router = APIRouter()


@router.get("/console/search")
def search(visit: Visiting, q: Annotated[str, Query(max_length=LONGEST)] = "") -> Response:
    """The whole number of a subject leads right to her."""
    sought = q.strip()
    with visit.reading() as session:
        found = find(session, visit.actor, sought, visit.now)
        if len(found.subjects) == 1 and found.subjects[0].number == sought.upper():
            return RedirectResponse(f"/console/subjects/{found.subjects[0].id}", 303)
        return page(visit, "search.html.j2", sought=sought, found=found)
