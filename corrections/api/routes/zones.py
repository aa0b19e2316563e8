"""电子围栏: zones and their versions."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

import shapely
from fastapi import APIRouter, Query
from pydantic import Field
from sqlmodel import Session

from corrections.api.context import Call, Calling
from corrections.api.models import AfterId, Document, Given, Id, Limit, Moment, Page, PathId, Shown, Text
from corrections.api.outlines import GivenOutline, geojson
from corrections.api.routes.authorities import EndAt
from corrections.domain.model import Datum, Level, Scope, Severity, ZoneKind
from corrections.records import directory, zone_files, zones
from corrections.records.validity import area_km2
from corrections.store.access import Action
from corrections.store.tables import Zone, ZoneRevision

router = APIRouter(prefix="/zones", tags=["zones"])


class RevisionShown(Shown):
    """One version of a zone; it is never edited."""

    id: int
    zone_id: int
    version: int
    scope: Scope
    subject_id: int | None
    level: Level | None
    office_id: int | None
    severity: Severity
    windows: list[dict[str, Any]] = Field(description="Local times in which it binds; empty for all day.")
    valid_from: datetime
    valid_until: datetime | None
    published_by: str
    published_at: datetime
    source: dict[str, Any] = Field(description="How the outline was given: shape, datum and numbers.")


class ZoneShown(Shown):
    """A zone with its newest version."""

    id: int
    code: str
    name: str
    kind: ZoneKind
    newest: RevisionShown


class ZoneWithOutlines(ZoneShown):
    area_km2: float
    outline: dict[str, Any] = Field(description="Of the newest version: GeoJSON, WGS-84.")
    versions: list[RevisionShown] = Field(description="Newest first.")


class Neighbour(Shown):
    code: str
    shared_km2: float


class RepairShown(Shown):
    """What mending an outline changed."""

    reason: str
    area_before_km2: float
    area_after_km2: float
    difference_km2: float = Field(description="Of the area that only one of the two has.")
    difference_share: float
    vertices_before: int
    vertices_after: int
    parts_before: int
    parts_after: int
    holes_before: int
    holes_after: int
    displacement_m: float = Field(description="The largest way from a vertex of one to the edge of the other.")


class Published(Shown):
    """What was published, or would be."""

    dry_run: bool
    zone: ZoneShown
    area_km2: float
    repair: RepairShown | None
    neighbours: list[Neighbour] = Field(description="Zones in force that share area with it, the largest share first.")


class ZoneDraft(Given):
    """A zone as it would be published."""

    code: Text = Field(min_length=1, max_length=100, description="A known code makes a new version of that zone.")
    name: Text = Field(min_length=1, max_length=200)
    kind: ZoneKind
    scope: Scope = Scope.EVERYONE
    subject_id: Id | None = None
    level: Level | None = None
    office_id: Id | None = None
    severity: Severity = Severity.MEDIUM
    windows: list[dict[str, Any]] = Field(
        default=[], description='[{"start": "22:00", "until": "06:00", "weekdays": [0, …, 6]}], local, Monday 0; empty for all day.'
    )
    outline: GivenOutline


class NewZone(ZoneDraft):
    valid_from: Moment | None = Field(None, description="From when on; now, where it is left out. May lie in the past.")


class ZoneFile(Given):
    content: Document | dict[str, Any] = Field(description="A GeoJSON FeatureCollection in which each feature is a zone.")
    datum: Datum = Datum.WGS84
    repair: bool = False
    valid_from: Moment | None = None


@router.get("", summary="The bureau's zones")
def list_zones(
    call: Calling,
    in_force_at: Annotated[Moment | None, Query(description="Only zones whose newest version is in force then.")] = None,
    after: AfterId = 0,
    limit: Limit = 100,
) -> Page[ZoneShown]:
    with call.reading() as session:
        rows = directory.list_zones(session, call.actor, in_force_at=in_force_at, after=after, limit=limit)
        items = [_shown(zone, revision) for zone, revision in rows]
    return Page(items=items, after=items[-1].id if len(items) == limit else None)


@router.get("/{zone_id}", summary="A zone, its outline and its versions")
def get_zone(zone_id: PathId, call: Calling) -> ZoneWithOutlines:
    with call.reading() as session:
        zone, revisions = directory.zone_versions(session, call.actor, zone_id)
        return ZoneWithOutlines(
            **_shown(zone, revisions[0]).model_dump(),
            area_km2=area_km2(shapely.from_wkb(revisions[0].outline)),
            outline=geojson(revisions[0].outline),
            versions=[RevisionShown.model_validate(revision) for revision in revisions],
        )


@router.get("/{zone_id}/versions/{version}/outline", summary="The outline of one version")
def get_outline(zone_id: PathId, version: PathId, call: Calling) -> dict[str, Any]:
    """GeoJSON, WGS-84."""
    with call.reading() as session:
        return geojson(directory.zone_version(session, call.actor, zone_id, version).outline)


@router.get("/{zone_id}/neighbours", summary="Zones that share area with a zone")
def list_neighbours(zone_id: PathId, call: Calling) -> list[Neighbour]:
    with call.reading() as session:
        zone, revisions = directory.zone_versions(session, call.actor, zone_id)
        return _neighbours(session, call, zone, shapely.from_wkb(revisions[0].outline), call.now)


@router.post("", status_code=201, summary="Publish a zone, or a new version of one")
def publish_zone(given: NewZone, call: Calling, dry_run: Annotated[bool, Query(description="Publish nothing.")] = False) -> Published:
    """The outline comes from GeoJSON, KML or WKT, or is a circle, a corridor along a line, or the union of several. An invalid one
    is refused with the place and the reason, or mended where `repair` asks for it."""
    terms = zones.Terms(**given.model_dump(exclude={"outline", "valid_from"}))
    valid_from = given.valid_from or call.now
    with call.writing() as session, session.begin_nested() as savepoint:
        outline = given.outline.read(session, call.actor)
        revision = zones.publish_zone(session, call.actor, call.actor.bureau_id, terms, outline, valid_from=valid_from, now=call.now)
        zone = session.get_one(Zone, revision.zone_id)
        published = Published(
            dry_run=dry_run,
            zone=_shown(zone, revision),
            area_km2=outline.area_km2,
            repair=RepairShown.model_validate(outline.repair) if outline.repair else None,
            neighbours=_neighbours(session, call, zone, outline.geometry, valid_from),
        )
        if dry_run:
            savepoint.rollback()
    return published


@router.post("/import", status_code=201, summary="Publish a file of zones")
def import_zones(given: ZoneFile, call: Calling) -> list[Published]:
    """All or nothing; each fault is told with its feature (`rows`)."""
    call.actor.require(Action.WRITE_ZONES)
    valid_from = given.valid_from or call.now
    content = given.content if isinstance(given.content, str) else json.dumps(given.content)
    with call.writing() as session:
        done = zone_files.import_zones(
            session, call.actor, call.actor.bureau_id, content, datum=given.datum, repair=given.repair, valid_from=valid_from, now=call.now
        )
        return [
            Published(
                dry_run=False,
                zone=_shown(session.get_one(Zone, revision.zone_id), revision),
                area_km2=outline.area_km2,
                repair=RepairShown.model_validate(outline.repair) if outline.repair else None,
                neighbours=[],
            )
            for revision, outline in done
        ]


@router.post("/{zone_id}/retire", summary="End a zone")
def retire_zone(zone_id: PathId, given: EndAt, call: Calling) -> ZoneShown:
    with call.writing() as session:
        revision = zones.retire_zone(session, call.actor, zone_id, at=given.at or call.now, now=call.now)
        return _shown(session.get_one(Zone, zone_id), revision)


def _shown(zone: Zone, revision: ZoneRevision) -> ZoneShown:
    assert zone.id is not None
    newest = RevisionShown.model_validate(revision)
    return ZoneShown(id=zone.id, code=zone.code, name=zone.name, kind=ZoneKind(zone.kind), newest=newest)


def _neighbours(session: Session, call: Call, zone: Zone, outline: Any, at: datetime) -> list[Neighbour]:
    found = zones.neighbours(session, zone.bureau_id, outline, at)
    known = directory.known_codes(session, call.actor, [code for code, _ in found])
    return [Neighbour(code=code, shared_km2=shared) for code, shared in found if code in known and code != zone.code]
