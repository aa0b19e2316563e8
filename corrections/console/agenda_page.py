"""法定期限: what is due by law and by when, on which article it rests, and what may be proposed. A person decides and does it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from corrections.console.pages import page
from corrections.console.visit import MOST_ID, Visiting
from corrections.domain.casework import MeasureKind
from corrections.domain.legal import Contact, DueKind, Edge, Why
from corrections.domain.model import Role
from corrections.records.agenda import Due, agenda
from corrections.records.measures import counts

router = APIRouter(prefix="/console/agenda")
DAYS = (7, 30, 90)
MOST = 500
KINDS: dict[str, Any] = {"DueKind": DueKind, "Edge": Edge, "Contact": Contact, "Why": Why, "MeasureKind": MeasureKind}


@router.get("")
def show(
    visit: Visiting,
    days: Annotated[int, Query(ge=1, le=366)] = 30,
    kind: DueKind | None = None,
    mine: bool | None = None,
    subject: Annotated[int | None, Query(ge=1, le=MOST_ID)] = None,
) -> Response:
    """``mine`` keeps the subjects of whoever looks; that is what officers see first."""
    hers = mine if mine is not None else visit.actor.role is Role.OFFICER and subject is None
    until = visit.now + timedelta(days=days)
    with visit.reading() as session:
        found = agenda(session, visit.actor, subject_id=subject, until=until, limit=MOST, settings=visit.settings, now=visit.now)
        due = [
            one
            for one in found.items
            if (kind is None or one.kind is kind) and (not hers or one.officer_id in (None, visit.actor.officer_id))
        ]
        stand = counts(session, subject) if subject is not None else {}
    return page(
        visit, "agenda.html.j2", due=due, more=found.more, days=days, all_days=DAYS, kind=kind, hers=hers, subject=subject, links=link_of,
        stand=stand, **KINDS,
    )  # fmt: skip


def link_of(one: Due) -> str:
    """Where what is due is dealt with."""
    what, _, number = one.ref.partition(":")
    place = {"leave_request": f"/console/leave/{number}", "round": f"/console/checks/{number}", "objection": "/console/objections"}
    return place.get(what, f"/console/subjects/{one.subject_id}")
