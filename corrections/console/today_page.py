"""今日: what is to be done, on one page."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from corrections.console.menu import first_page
from corrections.console.pages import page
from corrections.console.visit import Visiting
from corrections.store.access import Action

router = APIRouter()


@router.get("/console/")
def today(visit: Visiting) -> Response:
    """Who reviews nothing begins with what her role is for."""
    if not visit.may(Action.REVIEW):
        return RedirectResponse(first_page(visit), 303)
    return page(visit, "today.html.j2")
