"""The settings of the base map: the file says what the program assumes, and an address that could open the pages' policy is refused."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from corrections.settings import BaseMap

FILE = Path(__file__).parents[2] / "config" / "map.toml"


def test_the_file_holds_the_defaults() -> None:
    assert BaseMap.model_validate(tomllib.loads(FILE.read_text(encoding="utf-8"))["map"]) == BaseMap()


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://tiles.example.gov.cn/{z}/{x}/{y}.png", "http://tiles.example.gov.cn"),
        ("https://10.1.2.3:8443/wmts?z={z}&x={x}&y={-y}", "https://10.1.2.3:8443"),
        ("http://[fd00::7]:8080/{z}/{x}/{y}", "http://[fd00::7]:8080"),
    ],
)
def test_a_tile_server_is_one_host(url: str, origin: str) -> None:
    assert BaseMap.model_validate({"kind": "tiles", "url": url}).origin == origin


@pytest.mark.parametrize(
    "url",
    [
        "", "/tiles/{z}/{x}/{y}.png", "ftp://tiles/{z}/{x}/{y}", "https://*/{z}/{x}/{y}", "https://a; script-src */{z}/{x}/{y}",
        "https://{z}.tiles/{x}/{y}", "https://tiles/{z}/{x}.png", "https://user:word@tiles/{z}/{x}/{y}",
    ],
)  # fmt: skip
def test_what_is_no_address_of_tiles_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        BaseMap.model_validate({"kind": "tiles", "url": url})


@pytest.mark.parametrize(
    "wrong", [{"kind": "file"}, {"min_zoom": 9, "max_zoom": 8}, {"centre": [41.8, 123.4]}, {"datum": "BD09"}, {"address": "x"}]
)
def test_what_makes_no_map_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        BaseMap.model_validate(wrong)


def test_without_a_tile_server_no_other_host_is_named() -> None:
    assert BaseMap.model_validate({"kind": "file", "file": "map.mbtiles", "url": "http://tiles.example.gov.cn/{z}/{x}/{y}"}).origin == ""
