"""Why a violation stands, derived again from what is stored: identical or not, and the account that could be read to a court."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from corrections.console.pages import page
from corrections.console.visit import PathId, Visiting
from corrections.monitor import explain
from corrections.review import queue

router = APIRouter(prefix="/console/violations")


@router.get("/{violation_id}/explanation")
def show(violation_id: PathId, visit: Visiting) -> Response:
    """Once she has said why she looks at locations it is derived again, and the look is recorded; before, that is asked for."""
    told = explain.explain(visit.desk.engine, visit.actor, violation_id, visit.purpose, visit.now) if visit.purpose else None
    with visit.reading() as session:
        item = queue.queue_item(session, visit.actor, violation_id, now=visit.now)
    return page(visit, "explanation.html.j2", item=item, told=told, verdicts=explain.VERDICTS)
