"""The conditions in force, in plain words, and her zones on a map."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from corrections.domain.model import ZoneKind
from corrections.errors import NotFound
from corrections.portal.map import Shown, draw
from corrections.portal.pages import page
from corrections.portal.visit import MOST_ID, Visit, Visiting
from corrections.records.own_rules import Conditions, conditions

router = APIRouter()


@router.get("/me/rules")
def rules(visit: Visiting) -> Response:
    return page(visit, "rules.html.j2", found=_conditions(visit))


@router.get("/me/map")
def zones_on_a_map(visit: Visiting, zone: Annotated[int | None, Query(ge=1, le=MOST_ID)] = None) -> Response:
    """All her zones, or one of them and what lies around it."""
    found = _conditions(visit)
    numbered = list(enumerate(found.zones, 1))
    shown = [Shown(n, z.name, z.kind is ZoneKind.EXCLUSION, z.outline) for n, z in numbered if z.outline is not None]
    about = next((n for n, z in numbered if z.zone_id == zone and z.outline is not None), None)
    if zone is not None and about is None:
        raise NotFound("There is no such place among your rules.", "您的规定里没有这个地方。")
    return page(visit, "map.html.j2", numbered=numbered, picture=draw(shown, about), about=about)


def _conditions(visit: Visit) -> Conditions:
    with visit.reading() as session:
        found = conditions(session, visit.own, visit.settings.portal, visit.now, visit.desk.door.books)
        session.expunge_all()
        return found
