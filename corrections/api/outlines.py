"""Outlines as they come in and go out over HTTP."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import shapely
from pydantic import Field
from sqlmodel import Session

from corrections.api.models import Document, Given, Id
from corrections.domain.model import Datum
from corrections.records import directory, outlines
from corrections.records.outlines import Outline
from corrections.store.access import Actor

Degrees = Annotated[float, Field(allow_inf_nan=False)]


class DocumentOutline(Given):
    """A GeoJSON, KML or WKT document."""

    shape: Literal["document"]
    content: Document | dict[str, Any] = Field(description="The text, or GeoJSON as an object.")
    datum: Datum = Datum.WGS84
    repair: bool = Field(False, description="Mend an invalid outline, and tell the difference in numbers.")

    def read(self, _session: Session, _actor: Actor) -> Outline:
        text = json.dumps(self.content) if isinstance(self.content, dict) else self.content
        return outlines.read_outline(text, datum=self.datum, repair=self.repair)


class CircleOutline(Given):
    """All within a radius."""

    shape: Literal["circle"]
    lat: Degrees
    lon: Degrees
    radius_m: Degrees
    datum: Datum = Datum.WGS84

    def read(self, _session: Session, _actor: Actor) -> Outline:
        return outlines.circle(self.lat, self.lon, self.radius_m, datum=self.datum)


class CorridorOutline(Given):
    """All within a distance of a line."""

    shape: Literal["corridor"]
    line: list[tuple[Degrees, Degrees]] = Field(min_length=2, max_length=10_000, description="Longitude and latitude of each point.")
    half_width_m: Degrees
    datum: Datum = Datum.WGS84

    def read(self, _session: Session, _actor: Actor) -> Outline:
        return outlines.corridor(self.line, self.half_width_m, datum=self.datum)


class UnionOutline(Given):
    """Several areas as one, such as a city's urban districts, or a place and the way there: documents, circles, corridors, and zones
    that are there already."""

    shape: Literal["union"]
    documents: list[DocumentOutline] = Field(default=[], max_length=100)
    circles: list[CircleOutline] = Field(default=[], max_length=100)
    corridors: list[CorridorOutline] = Field(default=[], max_length=100)
    zones: list[Id] = Field(default=[], max_length=100, description="Ids of zones, taken in their newest version.")

    def read(self, session: Session, actor: Actor) -> Outline:
        given: list[DocumentOutline | CircleOutline | CorridorOutline] = [*self.documents, *self.circles, *self.corridors]
        return outlines.union([*(one.read(session, actor) for one in given), *self._of_zones(session, actor)])

    def _of_zones(self, session: Session, actor: Actor) -> list[Outline]:
        newest = [directory.zone_versions(session, actor, zone_id)[1][0] for zone_id in self.zones]
        areas: list[Any] = [shapely.from_wkb(revision.outline) for revision in newest]
        return [Outline(area, {"zone_revision": revision.id}) for area, revision in zip(areas, newest, strict=True)]


GivenOutline = Annotated[DocumentOutline | CircleOutline | CorridorOutline | UnionOutline, Field(discriminator="shape")]


def geojson(wkb: bytes) -> dict[str, Any]:
    """A stored outline as a GeoJSON geometry (RFC 7946)."""
    geometry: dict[str, Any] = json.loads(shapely.to_geojson(shapely.from_wkb(wkb)))
    return geometry
