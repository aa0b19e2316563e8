"""Drawing a zone or a new version of one: checked, tried over what was reported, and only then published."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import shapely
from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session, col, select

from corrections.console.forms import lines_of_windows, moment, windows_as_lines
from corrections.console.pages import page
from corrections.console.visit import PathId, Uploading, Visit, Visiting, choice
from corrections.domain.model import Datum, Level, Scope, Severity, ZoneKind
from corrections.errors import Conflict, CorrectionsError, Forbidden, Invalid, NotFound
from corrections.monitor import trial
from corrections.monitor.trial_findings import Trial
from corrections.records import directory, outlines, zones
from corrections.records.outlines import Outline
from corrections.store.access import Action
from corrections.store.tables import Subject, Zone
from corrections.web import Upload

router = APIRouter(prefix="/console/zones")
TRIED_DAYS = 30
CHOICES: dict[str, Any] = {"ZoneKind": ZoneKind, "Scope": Scope, "Level": Level, "Severity": Severity, "Datum": Datum}


class Shape(StrEnum):
    """How the outline is given."""

    DRAWN = "drawn"
    CIRCLE = "circle"
    CORRIDOR = "corridor"
    FILE = "file"


class Do(StrEnum):
    CHECK = "check"
    TRY = "try"
    PUBLISH = "publish"


@router.get("/new")
def new(visit: Visiting) -> Response:
    visit.actor.require(Action.WRITE_ZONES)
    return _form(visit, {"kind": ZoneKind.INCLUSION.value, "shape": Shape.DRAWN.value}, None)


@router.get("/{zone_id}/edit")
def edit(zone_id: PathId, visit: Visiting) -> Response:
    """The newest version, to be changed into the next."""
    visit.actor.require(Action.WRITE_ZONES)
    with visit.reading() as session:
        zone, revisions = directory.zone_versions(session, visit.actor, zone_id)
        newest = revisions[0]
        number = session.exec(select(Subject.number).where(col(Subject.id) == newest.subject_id)).first() or ""
        given = {
            "code": zone.code, "name": zone.name, "kind": zone.kind, "scope": newest.scope, "number": number, "level": newest.level or "",
            "office": str(newest.office_id or ""), "severity": newest.severity, "windows": windows_as_lines(newest.windows),
            "shape": Shape.DRAWN.value, "outline": json.dumps(shapely.geometry.mapping(shapely.from_wkb(newest.outline))),
        }  # fmt: skip
    return _form(visit, given, zone_id)


@router.post("/draft")
def draft(sent: Uploading, visit: Visiting) -> Response:
    """What is refused shows the form again, with all that was given."""
    form, zone_id = sent.fields, int(sent.fields["zone"]) if sent.fields.get("zone", "").isdigit() else None
    try:
        do = choice(form, "do", Do)
        with visit.writing() as session:
            terms, outline = _terms(session, visit, form), _outline(form, sent.files)
            form["outline"], form["shape"] = json.dumps(shapely.geometry.mapping(outline.geometry)), form.get("shape", "")
            valid_from = moment(visit, form, "valid_from") if form.get("valid_from") else visit.now
            if do is Do.PUBLISH:
                zone = _publish(session, visit, terms, outline, valid_from)
                return RedirectResponse(f"/console/zones/{zone}?done=published", 303)
            near = _neighbours(session, visit, terms, outline, valid_from)
        tried = _tried(visit, terms, outline) if do is Do.TRY else None
    except (Invalid, Conflict, NotFound, Forbidden) as error:
        return _form(visit, form, zone_id, error=error)
    return _form(visit, form, zone_id, near=near, outline=outline, tried=tried)


def _publish(session: Session, visit: Visit, terms: zones.Terms, outline: Outline, valid_from: datetime) -> int:
    made = zones.publish_zone(session, visit.actor, visit.actor.bureau_id, terms, outline, valid_from=valid_from, now=visit.now)
    return made.zone_id


def _tried(visit: Visit, terms: zones.Terms, outline: Outline) -> Trial:
    drafts = [(terms, outline)]
    return trial.try_zones(
        visit.desk.engine, visit.actor, visit.actor.bureau_id, drafts, TRIED_DAYS, visit.purpose, visit.settings, visit.now
    )  # fmt: skip


def _neighbours(session: Session, visit: Visit, terms: zones.Terms, outline: Outline, at: datetime) -> list[tuple[str, float]]:
    """Zones that share area with it, by their codes, that she may know of."""
    visit.actor.require(Action.WRITE_ZONES)
    found = zones.neighbours(session, visit.actor.bureau_id, outline.geometry, at)
    known = directory.known_codes(session, visit.actor, [code for code, _ in found])
    return [(code, shared) for code, shared in found if code in known and code != terms.code]


def _terms(session: Session, visit: Visit, form: Mapping[str, str]) -> zones.Terms:
    scope, subject_id = choice(dict(form), "scope", Scope), None
    if scope is Scope.SUBJECT:
        number = form.get("number", "").strip()
        mine = select(Subject.id).where(Subject.number == number, Subject.bureau_id == visit.actor.bureau_id)
        subject_id = session.exec(mine).first()
        if subject_id is None:
            raise Invalid(f"There is no subject {number} in your bureau.", f"本局没有编号 {number} 的社区矫正对象。", field="number")
    return zones.Terms(
        code=form.get("code", "").strip(), name=form.get("name", "").strip(), kind=choice(dict(form), "kind", ZoneKind), scope=scope,
        subject_id=subject_id, level=choice(dict(form), "level", Level) if scope is Scope.LEVEL else None,
        office_id=int(form.get("office") or 0) or None if scope is Scope.OFFICE else None,
        severity=choice(dict(form), "severity", Severity), windows=lines_of_windows(form.get("windows", "")),
    )  # fmt: skip


def _outline(form: Mapping[str, str], files: list[Upload]) -> Outline:
    """As it was given: drawn, a circle, a corridor along a drawn line, or a file. Raises InvalidGeometry, Invalid."""
    shape = choice(dict(form), "shape", Shape)
    datum = choice({"datum": form.get("datum") or Datum.WGS84.value}, "datum", Datum)
    if shape is Shape.CIRCLE:
        return outlines.circle(_number(form, "lat"), _number(form, "lon"), _number(form, "radius_m"), datum=datum)
    if shape is Shape.CORRIDOR:
        try:
            line = json.loads(form.get("line") or "null")["coordinates"]
        except (ValueError, TypeError, KeyError):
            raise Invalid("Draw the line first.", "请先画出线路。", field="line") from None
        return outlines.corridor(line, _number(form, "half_width_m"))
    if shape is Shape.FILE:
        if not files:
            raise Invalid("Choose a file.", "请选择文件。", field="file")
        return outlines.read_outline(files[0].content, datum=datum, repair=form.get("repair") == "yes")
    if not form.get("outline", "").strip():
        raise Invalid("Draw the outline first.", "请先画出边界。", field="outline")
    return outlines.read_outline(form["outline"], repair=form.get("repair") == "yes")


def _number(form: Mapping[str, str], name: str) -> float:
    try:
        return float(form.get(name, ""))
    except ValueError:
        raise Invalid("Give a number.", "请填写数字。", field=name) from None


def _form(
    visit: Visit, given: Mapping[str, str], zone_id: int | None, *, error: CorrectionsError | None = None, near: Any = None,
    outline: Outline | None = None, tried: Trial | None = None,
) -> Response:  # fmt: skip
    with visit.reading() as session:
        offices = directory.list_offices(session, visit.actor)
        zone = session.get(Zone, zone_id) if zone_id is not None else None
        return page(
            visit,
            "zone_edit.html.j2",
            status=error.status if error else 200,
            here=f"/console/zones/{zone_id}/edit" if zone_id else "/console/zones/new",
            given=given,
            zone=zone,
            offices=offices,
            error=error,
            near=near,
            outline=outline,
            tried=tried,
            days=TRIED_DAYS,
            Shape=Shape,
            **CHOICES,
        )
