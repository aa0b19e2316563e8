"""What the browser is given besides pages: the bundled scripts and style sheets that ``scripts/setup`` builds from ``front/``, and the
icon. All of it is read once; an address names the content, so that a browser asks for it only once."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from mimetypes import guess_type
from pathlib import Path

HERE = Path(__file__).parent / "static"
BUILT = HERE / "built"
LEAST_PACKED = 1_000  # bytes


@dataclass(frozen=True, slots=True)
class Asset:
    """A file, as it is and packed with gzip (the same where packing gains nothing)."""

    content: bytes
    packed: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Assets:
    """By address below ``/console/static/VERSION/``."""

    version: str
    files: dict[str, Asset]


@cache
def assets() -> Assets:
    """Raises FileNotFoundError where the scripts were not built."""
    if not (BUILT / "console.js").exists():
        raise FileNotFoundError("The console's scripts and styles are not built: run scripts/setup.")
    content = {path.relative_to(BUILT).as_posix(): path.read_bytes() for path in sorted(BUILT.rglob("*")) if path.is_file()}
    content["icon.svg"] = (HERE / "icon.svg").read_bytes()
    whole = hashlib.sha256()
    for name, inside in content.items():
        whole.update(name.encode() + b"\0" + inside)
    return Assets(whole.hexdigest()[:12], {name: _asset(name, inside) for name, inside in content.items()})


def _asset(name: str, content: bytes) -> Asset:
    media_type = "text/javascript" if name.endswith(".js") else guess_type(name)[0] or "application/octet-stream"
    packed = gzip.compress(content, 6, mtime=0) if len(content) >= LEAST_PACKED else content
    return Asset(content, packed, media_type)
