"""The base map of the pages: none, the bureau's own tile server, or a single file."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from corrections.settings.portal import Both
from corrections.settings.section import Section

_ADDRESS = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+/[!-~]*")
_PLACES = ("{z}", "{x}")


class BaseMapKind(StrEnum):
    NONE = "none"
    TILES = "tiles"
    FILE = "file"


class BaseMap(Section):
    """See config/map.toml for the meaning of each."""

    kind: BaseMapKind = BaseMapKind.NONE
    url: str = ""
    file: str = ""
    datum: Literal["WGS84", "GCJ02"] = "WGS84"
    min_zoom: int = Field(0, ge=0, le=22)
    max_zoom: int = Field(18, ge=0, le=22)
    attribution: Both = Both()
    centre: tuple[float, float] | None = None
    zoom: float = Field(11.0, ge=0, le=20)

    @model_validator(mode="after")
    def _whole(self) -> BaseMap:
        if self.min_zoom > self.max_zoom:
            raise ValueError("min_zoom: not above max_zoom")
        if self.centre is not None and not (-180 <= self.centre[0] <= 180 and -85 <= self.centre[1] <= 85):
            raise ValueError("centre: [longitude, latitude] in degrees")
        if self.kind is BaseMapKind.FILE and not self.file:
            raise ValueError("file: the path of an MBTiles file")
        if self.kind is BaseMapKind.TILES:
            _check(self.url)
        return self

    @property
    def origin(self) -> str:
        """Of the tile server: the one other host that a browser may ask, and only for images. Empty where there is none."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}" if self.kind is BaseMapKind.TILES else ""


def _check(url: str) -> None:
    """What is let into the pages' policy is an address and nothing else."""
    places = all(place in url for place in _PLACES) and ("{y}" in url or "{-y}" in url)
    if not _ADDRESS.fullmatch(url) or not places or "{" in urlsplit(url).netloc:
        raise ValueError("url: as http://tiles.example.gov.cn/{z}/{x}/{y}.png")
