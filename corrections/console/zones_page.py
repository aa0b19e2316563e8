"""电子围栏: all zones that concern somebody, and one with its versions and whom it binds."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import shapely
from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session, col, func, select

from corrections.console.forms import moment
from corrections.console.pages import page
from corrections.console.visit import Form, PathId, Visit, Visiting
from corrections.console.week import draw_week
from corrections.domain.model import Level, Scope
from corrections.errors import Conflict, CorrectionsError, Invalid
from corrections.records import directory, zones
from corrections.records.own_words import windows_words
from corrections.records.validity import area_km2
from corrections.records.words import LEVELS
from corrections.store.rulebook import as_windows
from corrections.store.tables import Office, Subject, Zone, ZoneRevision

router = APIRouter(prefix="/console/zones")
MOST = 500
DETAIL_DEG = 0.0002  # by which outlines may be simplified on a map of all of them


class Listed(NamedTuple):
    """A zone with its newest version, whom it binds and when, in words."""

    zone: Zone
    revision: ZoneRevision
    whom: tuple[str, str]
    windows: tuple[str, str]


@router.get("")
def show(visit: Visiting) -> Response:
    with visit.reading() as session:
        found = [_listed(session, zone, revision) for zone, revision in directory.list_zones(session, visit.actor, limit=MOST)]
        return page(visit, "zones.html.j2", zones=found)


@router.get("/outlines.json")
def outlines(visit: Visiting) -> Response:
    """[id, name, kind, GeoJSON] of those in force, simplified; the homes of single subjects are not among them."""
    with visit.reading() as session:
        told = []
        for zone, revision in directory.list_zones(session, visit.actor, in_force_at=visit.now, limit=MOST):
            if revision.subject_id is None:
                outline = shapely.from_wkb(revision.outline).simplify(DETAIL_DEG)
                told.append([zone.id, zone.name, zone.kind, shapely.geometry.mapping(outline)])
    return Response(msgspec.json.encode(told), media_type="application/json")


@router.get("/{zone_id}")
def show_one(zone_id: PathId, visit: Visiting, done: str | None = None) -> Response:
    return _shown(visit, zone_id, done=done)


@router.post("/{zone_id}/retire")
def retire(form: Form, zone_id: PathId, visit: Visiting) -> Response:
    try:
        at = moment(visit, form, "at") if form.get("at") else visit.now
        with visit.writing() as session:
            zones.retire_zone(session, visit.actor, zone_id, at=at, now=visit.now)
    except (Invalid, Conflict) as error:
        return _shown(visit, zone_id, error=error)
    return RedirectResponse(f"/console/zones/{zone_id}?done=retired", 303)


def _shown(visit: Visit, zone_id: int, *, done: str | None = None, error: CorrectionsError | None = None) -> Response:
    with visit.reading() as session:
        zone, revisions = directory.zone_versions(session, visit.actor, zone_id)
        listed = [_listed(session, zone, revision) for revision in revisions]
        bound = select(func.count()).select_from(Subject).where(zones.whom_it_binds(zone.bureau_id, revisions[0]))
        newest = shapely.from_wkb(revisions[0].outline)
        drawn = {"kind": zone.kind, "name": zone.name, "outline": shapely.geometry.mapping(newest)}
        before = shapely.geometry.mapping(shapely.from_wkb(revisions[1].outline)) if len(revisions) > 1 else None
        return page(
            visit, "zone.html.j2", status=error.status if error else 200, here=f"/console/zones/{zone_id}", zone=zone, versions=listed,
            bound=session.exec(bound).one(), area_km2=area_km2(newest), drawn=drawn | {"before": before}, done=done, error=error,
            week=draw_week(as_windows(revisions[0].windows)) if revisions[0].windows else None,
        )  # fmt: skip


def _listed(session: Session, zone: Zone, revision: ZoneRevision) -> Listed:
    return Listed(zone, revision, _whom(session, revision), windows_words(as_windows(revision.windows)))


def _whom(session: Session, revision: ZoneRevision) -> tuple[str, str]:
    scope = Scope(revision.scope)
    if scope is Scope.SUBJECT:
        number = session.exec(select(Subject.number).where(col(Subject.id) == revision.subject_id)).first() or ""
        return f"对象 {number}", f"subject {number}"
    if scope is Scope.OFFICE:
        office: Any = session.get_one(Office, revision.office_id)
        return office.name + "全体", "all of " + (office.name_en or office.name)
    if scope is Scope.LEVEL:
        zh, en = LEVELS[Level(revision.level or "")]
        return f"{zh}对象", f"level: {en}"
    return "全体对象", "everybody"
