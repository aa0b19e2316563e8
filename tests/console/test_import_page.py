"""Importing in the console: looked through first, then the same file taken in, all of it or nothing."""

from __future__ import annotations

import base64
import csv
import html
import io
import json
import re
from typing import Any

import pytest
from sqlmodel import func, select

from corrections.store.database import reading
from corrections.store.tables import AuditEvent, Device, Duty, Office, Officer, Zone
from tests.console.desk import HOST, Desk

IMPORT = "/console/admin/import"
OFFICES = "code,name\nN9,新所\n"
OFFICERS = "账号,姓名,角色,司法所\nnewone,新人,工作人员,YX0\nother,别人,所长,YX1\n"
DEVICES = "编号,设备编号\nS1,P9\n"
DUTIES = "账号,开始,结束,司法所\nliming,2026-03-07 08:00,2026-03-08 08:00,YX0\n"
SQUARE = [[[120.0, 30.0], [120.1, 30.0], [120.1, 30.1], [120.0, 30.1], [120.0, 30.0]]]


def zones(*codes: str, subject: str = "*") -> str:
    outline = {"type": "Polygon", "coordinates": SQUARE}
    terms = {"kind": "exclusion", "subject": subject}
    features = [{"type": "Feature", "properties": terms | {"zone": code}, "geometry": outline} for code in codes]
    return json.dumps({"type": "FeatureCollection", "features": features})


def upload(desk: Desk, login: str, do: str, content: str | bytes, kind: str = "offices", name: str = "x.csv", **more: str) -> Any:
    desk.client.cookies.clear()
    headers = {"Cookie": f"corrections_session={login}", "Origin": HOST}
    data = content if isinstance(content, bytes) else content.encode()
    form = {"kind": kind, "do": do, "datum": "WGS84"} | more
    return desk.client.post(IMPORT, data=form, files={"file": (name, data, "text/csv")}, headers=headers)


def again(desk: Desk, login: str, page: str) -> Any:
    """What the page of a file without errors sends when it is to be taken in."""
    form = page[page.index('enctype="multipart/form-data"') :]
    fields = {name: html.unescape(value) for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)}
    return desk.post(login, IMPORT, fields | {"do": "import"})


def count(desk: Desk, table: Any, **which: Any) -> int:
    with reading(desk.engine) as session:
        return int(session.exec(select(func.count()).select_from(table).filter_by(**which)).one())


def test_a_file_is_looked_through_before_it_is_taken_in(desk: Desk) -> None:
    looked = upload(desk, "admin", "check", OFFICES).text
    assert "没有错误，将导入：司法所 1" in looked
    assert "新所" in looked[looked.index("读到的内容") :]
    assert count(desk, Office, code="N9") == 0

    taken = again(desk, "admin", looked).text
    assert "已导入：司法所 1" in taken
    assert count(desk, Office, code="N9") == 1
    assert count(desk, AuditEvent, action="register.import") == 1


def test_every_fault_is_told_with_its_row_and_nothing_stays(desk: Desk) -> None:
    for do in ("check", "import"):
        answer = upload(desk, "admin", do, "code,name\n,无编号\nN8,\nN7,七所\n")
        assert answer.status_code == 422
        assert "2 处错误，一行也没有导入" in answer.text
        assert re.findall(r'<tr><td class="number">(\d+)</td><td><code lang="zxx">(\w+)', answer.text) == [("2", "code"), ("3", "name")]
    assert count(desk, Office, code="N7") == 0


def test_first_passwords_are_given_once_as_a_file_too(desk: Desk) -> None:
    taken = again(desk, "admin", upload(desk, "admin", "check", OFFICERS, "officers").text).text
    saved = re.search(r'href="data:text/csv;base64,([^"]+)"', taken)
    assert saved is not None
    rows = list(csv.DictReader(io.StringIO(base64.b64decode(saved[1]).decode("utf-8-sig"))))

    assert [row["login"] for row in rows] == ["newone", "other"]
    assert rows[0]["password"] in taken
    assert desk.post(None, "/console/login", {"login": "newone", "password": rows[0]["password"]}).status_code == 303
    assert count(desk, Officer, login="other") == 1


def test_credentials_of_devices_are_given_once(desk: Desk) -> None:
    looked = upload(desk, "head", "check", DEVICES, "devices").text
    assert "data:text/csv" not in looked  # a trial makes none that count
    assert "P9" in again(desk, "head", looked).text
    assert count(desk, Device, identifier="P9") == 1


def test_zones_come_from_a_geojson_file_in_their_datum(desk: Desk) -> None:
    looked = upload(desk, "bureau", "check", zones("A1", "A2"), "zones", "z.geojson", datum="GCJ02").text
    assert "将导入：电子围栏 2" in looked
    assert count(desk, Zone, code="A1") == 0
    assert 'name="datum" value="GCJ02"' in looked
    assert again(desk, "bureau", looked).status_code == 200
    assert count(desk, Zone, code="A1") == count(desk, Zone, code="A2") == 1

    wrong = upload(desk, "bureau", "check", zones("B1", subject="nobody"), "zones", "z.geojson")
    assert wrong.status_code == 422
    assert "没有编号 nobody" in wrong.text


def test_a_duty_roster_is_taken_in(desk: Desk) -> None:
    assert "已导入：值班 1" in again(desk, "head", upload(desk, "head", "check", DUTIES, "duties").text).text
    assert count(desk, Duty) == 1
    assert "该值班已安排" in upload(desk, "head", "check", DUTIES, "duties").text


@pytest.mark.parametrize(
    ("login", "kind", "content", "status"),
    [
        ("head", "officers", OFFICERS, 403), ("bureau", "officers", OFFICERS, 403), ("liming", "offices", OFFICES, 403),
        ("auditor", "offices", OFFICES, 403), ("admin", "kings", OFFICES, 422), ("admin", "offices", "nonsense\n1\n", 422),
        ("admin", "offices", b"\xff\xfe\x00\x00", 422), ("admin", "zones", "{", 422),
    ],
)  # fmt: skip
def test_what_may_not_or_cannot_be_taken_in(desk: Desk, login: str, kind: str, content: str | bytes, status: int) -> None:
    answer = upload(desk, login, "check", content, kind)

    assert answer.status_code == status
    assert count(desk, Office, code="N9") == 0


def test_no_file_is_asked_for_again(desk: Desk) -> None:
    answer = desk.post("admin", IMPORT, {"kind": "offices", "do": "import", "content": "%%%"})

    assert answer.status_code == 422
    assert "请选择文件" in answer.text


def test_an_empty_table_has_the_titles_in_the_readers_language(desk: Desk) -> None:
    chinese = desk.get("admin", f"{IMPORT}/blank.csv?kind=officers")
    english = desk.get("admin", f"{IMPORT}/blank.csv?kind=officers", language="en")

    assert chinese.content.decode("utf-8-sig").strip() == "账号,姓名,角色,司法所"
    assert english.content.decode("utf-8-sig").strip() == "login,name,role,office"
    assert desk.get("admin", f"{IMPORT}/blank.csv?kind=kings").status_code == 422
    filled = chinese.content.decode("utf-8-sig").strip() + "\nnewone,新人,工作人员,YX0\n"
    assert "将导入：工作人员 1" in upload(desk, "admin", "check", filled, "officers").text
