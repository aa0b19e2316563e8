"""Drawing a zone or a new version of one: checked, tried over what was reported, and only then published."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

import shapely
from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response, StreamingResponse
from sqlmodel import Session, col, select

from corrections.console.forms import lines_of_windows, moment, windows_as_lines
from corrections.console.pages import page
from corrections.console.visit import PathId, Uploaded, Uploading, Visit, Visiting, choice
from corrections.console.week import SHORT, Week, draw_week
from corrections.domain.model import Datum, Level, Scope, Severity, ZoneKind
from corrections.errors import Conflict, CorrectionsError, Forbidden, Invalid, NotFound
from corrections.monitor import trial
from corrections.monitor.trial_findings import Trial
from corrections.records import directory, outlines, zones
from corrections.records.outlines import Outline
from corrections.store.access import Action
from corrections.store.rulebook import as_windows
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


class Drafted(NamedTuple):
    """A zone as it was given, and those that share area with it: code, km²."""

    terms: zones.Terms
    outline: Outline
    near: list[tuple[str, float]]


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
    try:
        do = choice(sent.fields, "do", Do)
        made = _read(visit, sent, publish=do is Do.PUBLISH)
        if isinstance(made, int):
            return RedirectResponse(f"/console/zones/{made}?done=published", 303)
        tried = trial.try_zones(*_of_trial(visit, made)) if do is Do.TRY else None
    except (Invalid, Conflict, NotFound, Forbidden) as error:
        return _form(visit, sent.fields, _zone(sent), error=error)
    return _form(visit, sent.fields, _zone(sent), drafted=made, tried=tried)


@router.post("/try")
def try_and_tell(sent: Uploading, visit: Visiting) -> Response:
    """What trying by ``draft`` does, told while it goes on: events ``at`` with {"judged", "of"} (subjects), and ``page`` with the page in
    the end. When the browser gives up, no more is judged."""
    try:
        made = _read(visit, sent, publish=False)
        assert isinstance(made, Drafted)
        trying = trial.trying_zones(*_of_trial(visit, made))
        first = next(trying)
    except (Invalid, Conflict, NotFound, Forbidden) as error:
        return _form(visit, sent.fields, _zone(sent), error=error)
    return StreamingResponse(_told(visit, sent, made, trying, first), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


def _told(visit: Visit, sent: Uploaded, made: Drafted, trying: trial.Trying, at: tuple[int, int]) -> Iterator[str]:
    while True:
        yield f"event: at\ndata: {json.dumps(dict(zip(('judged', 'of'), at, strict=True)))}\n\n"
        try:
            at = next(trying)
        except StopIteration as end:
            shown = _form(visit, sent.fields, _zone(sent), drafted=made, tried=end.value)
            yield f"event: page\ndata: {json.dumps(bytes(shown.body).decode())}\n\n"
            return


def _read(visit: Visit, sent: Uploaded, *, publish: bool) -> Drafted | int:
    """The zone as it was given, with its neighbours; or, once it is published, its id. Raises Invalid, Conflict, NotFound, Forbidden."""
    form = sent.fields
    with visit.writing() as session:
        terms, outline = _terms(session, visit, form), _outline(form, sent.files)
        form["outline"], form["shape"] = json.dumps(shapely.geometry.mapping(outline.geometry)), form.get("shape", "")
        valid_from = moment(visit, form, "valid_from") if form.get("valid_from") else visit.now
        if publish:
            return _publish(session, visit, terms, outline, valid_from)
        return Drafted(terms, outline, _neighbours(session, visit, terms, outline, valid_from))


def _zone(sent: Uploaded) -> int | None:
    """Of which zone it is a new version."""
    return int(sent.fields["zone"]) if sent.fields.get("zone", "").isdigit() else None


def _publish(session: Session, visit: Visit, terms: zones.Terms, outline: Outline, valid_from: datetime) -> int:
    made = zones.publish_zone(session, visit.actor, visit.actor.bureau_id, terms, outline, valid_from=valid_from, now=visit.now)
    return made.zone_id


def _of_trial(visit: Visit, made: Drafted) -> tuple[Any, ...]:
    """What a trial of it is given."""
    actor, drafts = visit.actor, [(made.terms, made.outline)]
    return visit.desk.engine, actor, actor.bureau_id, drafts, TRIED_DAYS, visit.purpose, visit.settings, visit.now


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
    visit: Visit, given: Mapping[str, str], zone_id: int | None, *, error: CorrectionsError | None = None, drafted: Drafted | None = None,
    tried: Trial | None = None,
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
            near=drafted.near if drafted else None,
            outline=drafted.outline if drafted else None,
            tried=tried,
            days=TRIED_DAYS,
            week=_week(given.get("windows", "")),
            days_of_week=SHORT,
            Shape=Shape,
            **CHOICES,
        )


def _week(lines: str) -> Week | None:
    """The windows as they were typed, drawn; None where they cannot be read."""
    try:
        return draw_week(as_windows(zones.parse_windows(lines_of_windows(lines))))
    except Invalid:
        return None
