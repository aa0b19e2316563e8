"""地图: where the subjects within reach were last known to be, by how they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import msgspec
import shapely
from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from corrections.console.pages import page
from corrections.console.visit import MOST_ID, Form, PathId, Visit, Visiting, checked_purpose
from corrections.console.wording import masked
from corrections.domain.model import ReviewState
from corrections.errors import Conflict, CorrectionsError, Invalid
from corrections.monitor import asking
from corrections.monitor.present import present
from corrections.records import directory
from corrections.records.audit import audited_map_read
from corrections.records.positions import Box, Position, Positions, Standing, find, on_the_wrong_side, position_of, positions, standings
from corrections.review.queue import list_queue
from corrections.store.access import Action, subject_for
from corrections.store.tables import Office

router = APIRouter(prefix="/console/map")
ORDER = list(Standing)
ZONE_DETAIL_DEG = 0.0005  # by which outlines may be simplified for a map of all of them
ZONE_DECIMALS = 5
MOST_ZONES = 300
MOST_OPEN = 3  # violations named on somebody's card

Degrees = Annotated[float | None, Query(ge=-360, le=360)]
Number = Annotated[int | None, Query(ge=1, le=MOST_ID)]


@router.get("")
def show(visit: Visiting, subject: Number = None) -> Response:
    """The map is drawn by a script, which asks for the positions; ``subject`` is whom it begins with."""
    return _shown(visit, subject)


@router.get("/positions")
def get_positions(
    visit: Visiting, west: Degrees = None, south: Degrees = None, east: Degrees = None, north: Degrees = None,
    cell: Annotated[float, Query(gt=0, le=90)] = 0.1, office: Number = None,
) -> Response:  # fmt: skip
    """As JSON: ``rows`` or ``cells``, ``counts`` by standing, ``unlocated``. A row is [id, number, name, office, lon, lat, radius or null,
    age in s, standing], a cell [lon, lat, count by standing ...]; a standing is its place in ``Standing``. The look is recorded."""
    with visit.writing() as session:
        audited_map_read(session, visit.actor, visit.token, visit.purpose, visit.now)
        found = positions(session, visit.actor, visit.now, _box(west, south, east, north), office_id=office, step_deg=cell)
    return _json(_told(found, visit))


@router.get("/wrong")
def get_wrong(
    visit: Visiting, west: Degrees = None, south: Degrees = None, east: Degrees = None, north: Degrees = None, office: Number = None
) -> Response:
    """Rows of those on the wrong side, as of the positions: what is listed where they are too many to list all."""
    with visit.writing() as session:
        audited_map_read(session, visit.actor, visit.token, visit.purpose, visit.now)
        found = on_the_wrong_side(session, visit.actor, visit.now, _box(west, south, east, north), office_id=office)
    return _json({"rows": [_row(one, visit) for one in found]})


@router.get("/counts")
def get_counts(visit: Visiting, office: Number = None) -> Response:
    """How many stand how, of all within reach; no place is in it."""
    with visit.reading() as session:
        counts, unlocated = standings(session, visit.actor, visit.now, office)
    return _json({"counts": _counted(counts), "unlocated": unlocated})


@router.get("/find")
def get_found(visit: Visiting, q: Annotated[str, Query(max_length=100)] = "") -> Response:
    """Rows of those whose number or name holds ``q``, as of the positions; without a position, longitude and latitude are null."""
    sought = q.replace("\x00", "").strip()
    with visit.writing() as session:
        audited_map_read(session, visit.actor, visit.token, visit.purpose, visit.now)
        found = find(session, visit.actor, visit.now, sought) if sought else []
    return _json({"rows": [_row(one, visit) for one in found]})


@router.get("/zones")
def get_zones(visit: Visiting) -> Response:
    """The zones in force that bind more than one subject, simplified, as [id, name, kind, GeoJSON] in JSON; homes are not among them."""
    with visit.reading() as session:
        told = list(_zones(session, visit))
    return _json(told)


@router.get("/subjects/{subject_id}")
def card(subject_id: PathId, visit: Visiting) -> Response:
    """How one of them stands, as a part of the page. The look is recorded as one at the map."""
    with visit.writing() as session:
        audited_map_read(session, visit.actor, visit.token, visit.purpose, visit.now)
        subject = subject_for(session, visit.actor, subject_id, Action.READ_LOCATION)
        where = position_of(session, visit.actor, visit.now, subject_id)
        stand = present(session, visit.actor, [subject_id], visit.now).get(subject_id)
        queue = list_queue(session, visit.actor, subject_id=subject_id, now=visit.now)
        open_ = [item for item in queue.items if item.review_state not in (ReviewState.DECIDED, ReviewState.WITHDRAWN)]
        return page(
            visit, "map_card.html.j2", subject=subject, office=session.get_one(Office, subject.office_id), where=where, stand=stand,
            open=open_[:MOST_OPEN], more=len(open_) - MOST_OPEN,
        )  # fmt: skip


@router.post("/subjects/{subject_id}/fix-requests")
def ask_for_fix(form: Form, subject_id: PathId, visit: Visiting) -> Response:
    """Ask for a fresh fix, and go on with the map."""
    try:
        purpose = checked_purpose(form.get("purpose", ""))
        with visit.writing() as session:
            asking.request_fix(session, visit.actor, subject_id, purpose, visit.settings, visit.now)
    except (Invalid, Conflict) as error:
        return _shown(visit, subject_id, error)
    return RedirectResponse(f"/console/map?subject={subject_id}", 303)


def _box(*edges: float | None) -> Box | None:
    return None if any(edge is None for edge in edges) else Box(*edges)  # type: ignore[arg-type]


def _shown(visit: Visit, subject: int | None, error: CorrectionsError | None = None) -> Response:
    visit.actor.require(Action.READ_LOCATION)
    with visit.reading() as session:
        mine = [office for office in directory.list_offices(session, visit.actor) if visit.actor.reaches(office.id or 0, office.bureau_id)]
        offices = {office.id: (office.name, office.name_en or office.name) for office in mine}
    here = f"/console/map?subject={subject}" if subject else "/console/map"
    status = error.status if error else 200
    return page(visit, "map.html.j2", status=status, here=here, offices=offices, standings=ORDER, subject=subject, error=error)


def _told(found: Positions, visit: Visit) -> dict[str, Any]:
    cells = [[round(cell.lon, 5), round(cell.lat, 5), *_counted(cell.counts)] for cell in found.cells]
    rows = [_row(one, visit) for one in found.alone]
    return {"rows": rows, "cells": cells, "counts": _counted(found.counts), "unlocated": found.unlocated}


def _counted(counts: Mapping[Standing, int]) -> list[int]:
    return [counts.get(standing, 0) for standing in ORDER]


def _row(one: Position, visit: Visit) -> list[Any]:
    place = (None, None) if one.lon is None or one.lat is None else (round(one.lon, 6), round(one.lat, 6))
    radius = None if one.accuracy_m is None else round(one.accuracy_m)
    age = None if one.fix_time is None else round((visit.now - one.fix_time).total_seconds())
    return [one.subject_id, one.number, masked(one.name, one.minor), one.office_id, *place, radius, age, ORDER.index(one.standing)]


def _zones(session: Session, visit: Visit) -> Iterator[list[Any]]:
    for zone, revision in directory.list_zones(session, visit.actor, in_force_at=visit.now, limit=MOST_ZONES):
        if revision.subject_id is not None:
            continue
        outline = shapely.from_wkb(revision.outline).simplify(ZONE_DETAIL_DEG)
        rounded = shapely.transform(outline, lambda degrees: degrees.round(ZONE_DECIMALS))
        yield [zone.id, zone.name, zone.kind, shapely.geometry.mapping(rounded)]


def _json(content: Any) -> Response:
    return Response(msgspec.json.encode(content), media_type="application/json")
