"""底图: the bureau's base map as the pages are told of it, and its tiles where it is a single MBTiles file (version 1.3 of the
specification: rows are counted from the south, images are as they are)."""

from __future__ import annotations

import base64
import html
import logging
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter
from fastapi import Path as InPath
from fastapi.responses import Response

from corrections.console.visit import Language, Visiting
from corrections.errors import NotFound
from corrections.settings import BaseMap, BaseMapKind
from corrections.web import POLICY

log = logging.getLogger(__name__)
router = APIRouter(prefix="/console/tiles")

MEDIA_TYPES = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp"}
KEPT = "private, max-age=604800"  # by the browser; the address changes with the file
MOST_ZOOM = 22
# What is beyond the file's edge: one transparent pixel, so that no browser complains of what is missing.
NOTHING = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAAC0lEQVR4nGNgAAIAAAUAAXpeqz8AAAAASUVORK5CYII=")

Number = Annotated[int, InPath(ge=0, lt=2**MOST_ZOOM)]


@dataclass(frozen=True, slots=True)
class TileFile:
    """What an MBTiles file says of itself. ``bounds``: west, south, east, north in degrees; None where it does not say."""

    media_type: str
    min_zoom: int
    max_zoom: int
    bounds: tuple[float, ...] | None
    attribution: str


@router.get("/{version}/{z}/{x}/{y}")
def tile(visit: Visiting, version: str, z: Annotated[int, InPath(ge=0, le=MOST_ZOOM)], x: Number, y: Number) -> Response:
    """An image of the base map, to anybody who is logged in. ``version`` only makes a replaced file's tiles be asked for anew."""
    known = _file(visit.settings.map)
    if known is None:
        raise NotFound("There is no base map.", "没有底图。")
    if y >= 2**z or x >= 2**z:
        return Response(NOTHING, media_type="image/png", headers={"Cache-Control": KEPT})
    with closing(_opened(Path(visit.settings.map.file))) as file:
        row = (z, x, 2**z - 1 - y)
        found = file.execute("SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?", row).fetchone()
    content, media_type = (bytes(found[0]), known.media_type) if found else (NOTHING, "image/png")
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
    path = Path(settings.file)
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, ValueError, sqlite3.Error) as error:
        _complain(str(path), f"{type(error).__name__}: {error}")
        return None


@lru_cache(maxsize=8)
def _read(path: Path, _mtime_ns: int) -> TileFile:
    """Raises ValueError, sqlite3.Error."""
    with closing(_opened(path)) as file:
        said = dict(file.execute("SELECT name, value FROM metadata").fetchall())
        zooms = file.execute("SELECT min(zoom_level), max(zoom_level) FROM tiles").fetchone()
    form = said.get("format", "png").lower()
    if form not in MEDIA_TYPES:
        raise ValueError(f"tiles of the format {form}; png, jpg or webp can be shown")
    if zooms[0] is None:
        raise ValueError("no tiles in it")
    bounds = tuple(float(part) for part in said["bounds"].split(",")) if said.get("bounds") else None
    if bounds is not None and (len(bounds) != 4 or not (bounds[0] < bounds[2] and bounds[1] < bounds[3])):
        bounds = None
    attribution = html.unescape(re.sub(r"<[^>]*>", "", said.get("attribution", "")))  # files hold it as HTML
    return TileFile(MEDIA_TYPES[form], zooms[0], min(zooms[1], MOST_ZOOM), bounds, attribution)


@lru_cache(maxsize=32)
def _complain(path: str, why: str) -> None:
    """Once."""
    log.error("the base map %s cannot be used, maps are drawn without: %s", path, why)


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
