"""The queue: what is mine, what is the office's, what is decided; the list beside the violation that was chosen from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from sqlmodel import Session

from corrections.console.pages import page
from corrections.console.visit import Visit, Visiting
from corrections.domain.model import Nature, ReviewState, Role, Severity
from corrections.review.items import QueueItem
from corrections.review.queue import list_queue

router = APIRouter()
ROWS = 50


class Tab(StrEnum):
    MINE = "mine"
    OFFICE = "office"
    DECIDED = "decided"


@dataclass(frozen=True, slots=True)
class View:
    """Which part of the queue is listed; ``after`` is the place where the page before ended."""

    tab: Tab | None = None
    severity: Severity | None = None
    nature: Nature | None = None
    after: str | None = None

    def of(self, visit: Visit) -> View:
        """With the tab that she sees first: the bureau all its offices, as hardly anything is its own."""
        first = Tab.OFFICE if visit.actor.role is Role.BUREAU else Tab.MINE
        return View(self.tab or first, self.severity, self.nature, self.after)

    def query(self, **changes: Any) -> str:
        """As the query of an address, with changes."""
        terms = {"tab": self.tab, "severity": self.severity, "nature": self.nature, "after": self.after} | changes
        return urlencode({name: str(value) for name, value in terms.items() if value})


def view_of(
    tab: Tab | None = None,
    severity: Severity | None = None,
    nature: Nature | None = None,
    after: Annotated[str | None, Query(max_length=100)] = None,
) -> View:
    return View(tab, severity, nature, after)


Viewing = Annotated[View, Depends(view_of)]


@router.get("/console/queue")
def queue(visit: Visiting, view: Viewing) -> Response:
    """The whole page, or the list alone where a script asks for it anew."""
    listing = listed(visit, view)
    template = "queue_list.html.j2" if visit.request.headers.get("hx-target") == "list" else "queue.html.j2"
    return page(visit, template, **listing)


def listed(visit: Visit, view: View) -> dict[str, Any]:
    """What the list is drawn with."""
    with visit.reading() as session:
        return listing(session, visit, view.of(visit))


def listing(session: Session, visit: Visit, view: View) -> dict[str, Any]:
    state = ReviewState.DECIDED if view.tab is Tab.DECIDED else None
    found = list_queue(
        session, visit.actor, mine=view.tab is Tab.MINE, state=state, severity=view.severity, nature=view.nature, limit=ROWS,
        after=view.after, now=visit.now,
    )  # fmt: skip
    items: list[QueueItem] = found.items
    return {
        "view": view, "tab": view.tab, "tabs": Tab, "items": items, "after": found.after, "first": view.after is None, "chosen": None,
        "severities": list(reversed(Severity)), "natures": list(Nature),
    }  # fmt: skip
