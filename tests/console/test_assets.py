"""What the browser is given besides pages: built by scripts/setup, addressed by content, from no other host."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from corrections.console import assets as module
from corrections.console.assets import assets
from corrections.errors import NotFound
from tests.console.desk import Desk

FRONT = Path(module.__file__).parent / "front"


def test_scripts_and_styles_are_built() -> None:
    assert {"console.js", "console.css", "map.css", "icon.svg"} <= set(assets().files)


def test_without_them_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "BUILT", tmp_path)

    with pytest.raises(FileNotFoundError, match="scripts/setup"):
        module.assets.__wrapped__()


def test_what_is_packed_is_the_same(desk: Desk) -> None:
    address = f"/console/static/{assets().version}/console.js"
    plain = desk.client.get(address, headers={"Accept-Encoding": "identity"})
    packed = desk.client.get(address, headers={"Accept-Encoding": "gzip"})

    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content == gzip.decompress(assets().files["console.js"].packed)


@pytest.mark.parametrize("name", ["nothing.js", "%2e%2e/assets.py"])
def test_what_is_none_of_them_is_not_there(desk: Desk, name: str) -> None:
    assert desk.get(None, f"/console/static/{assets().version}/{name}").status_code == NotFound.status


def test_what_is_built_fetches_nothing_from_another_host() -> None:
    for name, asset in assets().files.items():
        if not name.endswith((".js", ".css")):
            continue
        text = asset.content.decode()
        assert not re.search(r"url\(\s*[\"']?(https?:)?//", text), name
        assert not re.search(r"import\([\"']https?:", text), name


def test_the_lock_names_versions_and_hashes_and_no_address() -> None:
    text = (FRONT / "package-lock.json").read_text(encoding="utf-8")
    packages = json.loads(text)["packages"]

    assert "://" not in text
    for name, package in packages.items():
        if name:
            assert package["version"], name
            assert package["integrity"].startswith("sha512-"), name
