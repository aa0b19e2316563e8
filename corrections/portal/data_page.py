"""What is held about her, for how long, who looked at her location, her rights, and her copy."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from corrections.portal.pages import page
from corrections.portal.visit import Visiting
from corrections.records import own_copy
from corrections.records.own_record import DECIDED_BY_BUREAU, held, looks
from corrections.records.own_rights import rights

router = APIRouter()


@router.get("/me/data")
def data(visit: Visiting) -> Response:
    portal = visit.settings.portal
    with visit.reading() as session:
        return page(
            visit, "data.html.j2", held=held(session, visit.own, portal), looks=looks(session, visit.own, portal, visit.now),
            rights=rights(portal), days=portal.looks_days, undecided=DECIDED_BY_BUREAU,
        )  # fmt: skip


@router.get("/me/copy.json")
def copy(visit: Visiting) -> Response:
    with visit.writing() as session:
        told = own_copy.record_copy(session, visit.own, visit.settings.portal, visit.now, visit.desk.door.books)
    return _file(json.dumps(told, ensure_ascii=False, indent=2), "application/json", "record.json")


@router.get("/me/positions.csv")
def positions_csv(visit: Visiting) -> Response:
    with visit.writing() as session:
        told = own_copy.positions_csv(session, visit.own, visit.settings.portal, visit.now)
    return _file(told, "text/csv; charset=utf-8", "positions.csv")


@router.get("/me/positions.geojson")
def positions_geojson(visit: Visiting) -> Response:
    with visit.writing() as session:
        told: dict[str, Any] = own_copy.positions_geojson(session, visit.own, visit.settings.portal, visit.now)
    return _file(json.dumps(told, ensure_ascii=False), "application/geo+json", "positions.geojson")


def _file(content: str, media_type: str, name: str) -> Response:
    return Response(content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})
