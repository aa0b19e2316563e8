"""地图: where the subjects within reach were last known to be, by how they stand."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import shapely
from fastapi import APIRouter, Query
from fastapi.responses import Response
from sqlmodel import Session

from corrections.console.pages import page
from corrections.console.visit import MOST_ID, Visit, Visiting
from corrections.console.wording import masked
from corrections.domain.model import Role
from corrections.records import directory
from corrections.records.audit import audited_map_read
from corrections.records.positions import Box, Positions, Standing, positions
from corrections.store.access import Action

router = APIRouter(prefix="/console/map")
ORDER = list(Standing)
ZONE_DETAIL_DEG = 0.001  # by which outlines may be simplified for a map of all of them
MOST_ZONES = 200
Degrees = Annotated[float | None, Query(ge=-180, le=180)]


@router.get("")
def show(visit: Visiting, subject: Annotated[int | None, Query(ge=1, le=MOST_ID)] = None) -> Response:
    """The map is drawn by a script, which asks for the positions; ``subject`` is whom it begins with."""
    visit.actor.require(Action.READ_LOCATION)
    with visit.reading() as session:
        offices = {office.id: office.name for office in directory.list_offices(session, visit.actor)}
    return page(visit, "map.html.j2", offices=offices, standings=ORDER, subject=subject, wide=visit.actor.role is Role.BUREAU)


@router.get("/positions")
def get_positions(visit: Visiting, west: Degrees = None, south: Degrees = None, east: Degrees = None, north: Degrees = None) -> Response:
    """As JSON: ``now``, ``rows`` or ``cells``, ``unlocated``. A row is [id, number, name, office, lon, lat, radius or null, age in s,
    standing], a cell [lon, lat, count by standing ...]; a standing is its place in ``Standing``. The look is recorded."""
    edges = (west, south, east, north)
    box = None if any(edge is None for edge in edges) else Box(*edges)  # type: ignore[arg-type]
    with visit.writing() as session:
        audited_map_read(session, visit.actor, visit.token, visit.purpose, visit.now)
        found = positions(session, visit.actor, visit.now, box)
    return Response(msgspec.json.encode(_told(found, visit)), media_type="application/json")


@router.get("/zones")
def get_zones(visit: Visiting) -> Response:
    """The zones in force that bind more than one subject, simplified, as [id, name, kind, rings ...] in JSON; homes are not among them."""
    with visit.reading() as session:
        told = list(_zones(session, visit))
    return Response(msgspec.json.encode(told), media_type="application/json")


def _told(found: Positions, visit: Visit) -> dict[str, Any]:
    rows = [
        [
            one.subject_id, one.number, masked(one.name, one.minor), one.office_id, round(one.lon, 6), round(one.lat, 6),
            None if one.accuracy_m is None else round(one.accuracy_m), round((visit.now - one.fix_time).total_seconds()),
            ORDER.index(one.standing),
        ]
        for one in found.alone
    ]  # fmt: skip
    cells = [[round(cell.lon, 5), round(cell.lat, 5), *(cell.counts.get(standing, 0) for standing in ORDER)] for cell in found.cells]
    return {"rows": rows, "cells": cells, "unlocated": found.unlocated}


def _zones(session: Session, visit: Visit) -> Any:
    for zone, revision in directory.list_zones(session, visit.actor, limit=MOST_ZONES):
        if revision.subject_id is not None:
            continue
        outline = shapely.from_wkb(revision.outline).simplify(ZONE_DETAIL_DEG)
        yield [zone.id, zone.name, zone.kind, shapely.geometry.mapping(outline)]
