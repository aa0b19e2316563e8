"""Why a violation stands, derived again from what is stored: identical or not, and the account that could be read to a court."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from corrections.console.pages import page
from corrections.console.visit import PathId, Visit, Visiting, checked_purpose
from corrections.errors import Invalid
from corrections.monitor import explain
from corrections.review import queue

router = APIRouter(prefix="/console/violations")


@router.get("/{violation_id}/explanation")
def show(violation_id: PathId, visit: Visiting, purpose: str | None = None) -> Response:
    """With a purpose it is derived again, and the look is recorded; without one, the purpose is asked for."""
    if purpose is None:
        return _shown(visit, violation_id, None)
    try:
        return _shown(visit, violation_id, checked_purpose(purpose))
    except Invalid as error:
        return _shown(visit, violation_id, None, error)


def _shown(visit: Visit, violation_id: int, purpose: str | None, error: Invalid | None = None) -> Response:
    told = None if purpose is None else explain.explain(visit.desk.engine, visit.actor, violation_id, purpose, visit.now)
    with visit.reading() as session:
        item = queue.queue_item(session, visit.actor, violation_id, now=visit.now)
    return page(
        visit, "explanation.html.j2", status=error.status if error else 200, item=item, told=told, purpose=purpose, error=error,
        verdicts=explain.VERDICTS,
    )  # fmt: skip
