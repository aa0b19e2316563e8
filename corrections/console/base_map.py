"""底图: the bureau's base map as the pages are told of it, and its tiles where it is a single MBTiles file."""

from __future__ import annotations

import base64
import logging
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter
from fastapi import Path as InPath
from fastapi.responses import Response

from corrections.console.visit import Language, Visiting
from corrections.errors import NotFound
from corrections.records.tile_file import MOST_ZOOM, TileFile, Unusable, read_file, read_tile
from corrections.settings import BaseMap, BaseMapKind
from corrections.web import POLICY

log = logging.getLogger(__name__)
router = APIRouter(prefix="/console/tiles")

KEPT = "private, max-age=604800"  # by the browser; the address changes with the file
# What is beyond the file's edge: one transparent pixel, so that no browser complains of what is missing.
NOTHING = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAAC0lEQVR4nGNgAAIAAAUAAXpeqz8AAAAASUVORK5CYII=")

Number = Annotated[int, InPath(ge=0, lt=2**MOST_ZOOM)]


@router.get("/{version}/{z}/{x}/{y}")
def tile(visit: Visiting, version: str, z: Annotated[int, InPath(ge=0, le=MOST_ZOOM)], x: Number, y: Number) -> Response:
    """An image of the base map, to anybody who is logged in. ``version`` only makes a replaced file's tiles be asked for anew."""
    known = _file(visit.settings.map)
    if known is None:
        raise NotFound("There is no base map.", "没有底图。")
    if y >= 2**z or x >= 2**z:
        return Response(NOTHING, media_type="image/png", headers={"Cache-Control": KEPT})
    found = read_tile(Path(visit.settings.map.file), z, x, y)
    content, media_type = (NOTHING, "image/png") if found is None else (found, known.media_type)
    return Response(content, media_type=media_type, headers={"Cache-Control": KEPT})


def told(settings: BaseMap, language: Language) -> str:
    """What ``front/src/map/ground.js`` is told of the ground that maps stand on, as JSON."""
    begins: dict[str, Any] = {} if settings.centre is None else {"centre": settings.centre, "zoom": settings.zoom}
    base = {} if settings.kind is BaseMapKind.NONE else _told(settings, language)
    return msgspec.json.encode({**begins, **base} or None).decode()


def headers(settings: BaseMap) -> dict[str, str]:
    """The pages' headers: images may also come from the bureau's tile server, where there is one."""
    if not settings.origin:
        return {}
    return {"Content-Security-Policy": POLICY.replace("img-src 'self' data:", f"img-src 'self' data: {settings.origin}")}


def _told(settings: BaseMap, language: Language) -> dict[str, Any]:
    said = settings.attribution.en if language == "en" else settings.attribution.zh
    base: dict[str, Any] = {
        "url": settings.url, "datum": settings.datum, "min_zoom": settings.min_zoom, "max_zoom": settings.max_zoom, "attribution": said,
    }  # fmt: skip
    if settings.kind is BaseMapKind.TILES:
        return base
    known = _file(settings)
    if known is None:
        return {}
    version = Path(settings.file).stat().st_mtime_ns
    own = {"min_zoom": known.min_zoom, "max_zoom": known.max_zoom, "bounds": known.bounds, "attribution": said or known.attribution}
    return base | own | {"url": f"/console/tiles/{version:x}/{{z}}/{{x}}/{{y}}"}


def _file(settings: BaseMap) -> TileFile | None:
    """The file, None where there is none or it cannot be used: no map keeps nobody from working."""
    if settings.kind is not BaseMapKind.FILE:
        return None
    try:
        return read_file(Path(settings.file))
    except Unusable as error:
        _complain(settings.file, error.en)
        return None


@lru_cache(maxsize=32)
def _complain(path: str, why: str) -> None:
    """Once."""
    log.error("the base map %s cannot be used, maps are drawn without: %s", path, why)
