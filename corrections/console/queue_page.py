"""The queue: what is mine, what is the office's, what is decided."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from corrections.console.pages import page
from corrections.console.visit import Visiting
from corrections.domain.model import ReviewState, Role
from corrections.review.queue import list_queue

router = APIRouter()
ROWS = 50


class Tab(StrEnum):
    MINE = "mine"
    OFFICE = "office"
    DECIDED = "decided"


@router.get("/console/queue")
def queue(visit: Visiting, tab: Tab | None = None, after: Annotated[str | None, Query(max_length=100)] = None) -> Response:
    """The bureau sees all its offices first: hardly anything is its own."""
    shown = tab or (Tab.OFFICE if visit.actor.role is Role.BUREAU else Tab.MINE)
    state = ReviewState.DECIDED if shown is Tab.DECIDED else None
    with visit.reading() as session:
        found = list_queue(session, visit.actor, mine=shown is Tab.MINE, state=state, limit=ROWS, after=after, now=visit.now)
    return page(visit, "queue.html.j2", tab=shown, tabs=Tab, items=found.items, after=found.after, first=after is None)
