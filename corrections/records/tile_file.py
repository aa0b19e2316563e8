"""底图文件: what an MBTiles file (version 1.3 of the specification) says of itself, and its tiles as they are; rows are counted from the
south."""

from __future__ import annotations

import html
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

MEDIA_TYPES = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp"}
MOST_ZOOM = 22


class Unusable(Exception):
    """A file that gives no base map, and why."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


@dataclass(frozen=True, slots=True)
class TileFile:
    """What an MBTiles file says of itself. ``bounds``: west, south, east, north in degrees; None where it does not say."""

    media_type: str
    min_zoom: int
    max_zoom: int
    bounds: tuple[float, ...] | None
    attribution: str


def read_file(path: Path) -> TileFile:
    """Read once, and anew when it was replaced. Raises Unusable."""
    try:
        return _read(path, path.stat().st_mtime_ns)
    except OSError as error:
        said = error.strerror or type(error).__name__
        raise Unusable(f"文件不存在或无法读取（{said}）", f"it is not there or cannot be read ({said})") from error
    except (ValueError, sqlite3.Error) as error:
        raise Unusable("不是可用的 MBTiles 文件", f"it is no MBTiles file that can be used ({error})") from error


def read_tile(path: Path, z: int, x: int, y: int) -> bytes | None:
    """An image, ``y`` counted from the north; None where the file has none there. Raises sqlite3.Error."""
    with closing(_opened(path)) as file:
        row = (z, x, 2**z - 1 - y)
        found = file.execute("SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?", row).fetchone()
    return bytes(found[0]) if found else None


@lru_cache(maxsize=8)
def _read(path: Path, _mtime_ns: int) -> TileFile:
    """Raises ValueError, sqlite3.Error, Unusable."""
    with closing(_opened(path)) as file:
        said = dict(file.execute("SELECT name, value FROM metadata").fetchall())
        zooms = file.execute("SELECT min(zoom_level), max(zoom_level) FROM tiles").fetchone()
    form = said.get("format", "png").lower()
    if form not in MEDIA_TYPES:
        raise Unusable(
            f"瓦片格式为 {form}，只能显示 png、jpg 或 webp", f"its tiles are of the format {form}; png, jpg or webp can be shown"
        )
    if zooms[0] is None:
        raise Unusable("文件里没有瓦片", "there are no tiles in it")
    bounds = tuple(float(part) for part in said["bounds"].split(",")) if said.get("bounds") else None
    if bounds is not None and (len(bounds) != 4 or not (bounds[0] < bounds[2] and bounds[1] < bounds[3])):
        bounds = None
    attribution = html.unescape(re.sub(r"<[^>]*>", "", said.get("attribution", "")))  # files hold it as HTML
    return TileFile(MEDIA_TYPES[form], zooms[0], min(zooms[1], MOST_ZOOM), bounds, attribution)


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
