"""Zones in the console: seen by whom they concern, drawn, checked, tried over what was reported, and only then published."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlmodel import select

from corrections.store.database import reading
from corrections.store.tables import ZoneRevision
from tests.console.desk import HOST, SQUARE, Desk

DRAWN = {"type": "Polygon", "coordinates": [[[120, 30], [120.2, 30], [120.2, 30.2], [120, 30.2], [120, 30]]]}
GIVEN = {
    "code": "Z2", "name": "新区", "kind": "inclusion", "severity": "medium", "scope": "office", "office": "1", "windows": "",
    "valid_from": "",
    "shape": "drawn", "outline": json.dumps(DRAWN),
}  # fmt: skip


def draft(desk: Desk, login: str, do: str, **changes: str) -> Any:
    return desk.post(login, "/console/zones/draft", GIVEN | {"do": do} | changes)


def versions(desk: Desk) -> int:
    with reading(desk.engine) as session:
        return len(session.exec(select(ZoneRevision)).all())


def test_they_are_listed_with_whom_they_bind_and_when(desk: Desk) -> None:
    page = desk.get("liming", "/console/zones").text

    for word in ("活动区", "全体对象", "活动范围", "任何时候"):
        assert word in page
    assert "/console/zones/new" not in page
    assert desk.get("liming", "/console/zones/outlines.json").json()[0][1] == "活动区"


def test_checking_says_what_it_would_be_and_publishes_nothing(desk: Desk) -> None:
    page = draft(desk, "bureau", "check").text

    assert "边界有效" in page
    assert "Z1" in page
    assert versions(desk) == 1


def test_what_is_published_is_a_new_version_beside_the_old(desk: Desk) -> None:
    first = draft(desk, "bureau", "publish")
    zone = first.headers["location"].partition("?")[0]
    second = draft(desk, "bureau", "publish", zone=zone.rsplit("/", 1)[1], windows="1,2,3,4,5,6,7 22:00-06:00")

    assert second.headers["location"].startswith(zone)
    page = desk.get("bureau", zone).text
    assert "22:00" in page
    assert versions(desk) == 3
    assert "新区" in desk.get("bureau", f"{zone}/edit").text


def test_trying_needs_a_purpose_and_tells_what_would_change(desk: Desk) -> None:
    without = draft(desk, "bureau", "try")
    desk.say_why("bureau", "试行围栏")
    tried = draft(desk, "bureau", "try")

    assert without.status_code == 422
    assert "最近 30 天" in tried.text
    assert versions(desk) == 1
    assert [purpose for *_, purpose in desk.purposes()] == ["试行围栏"]


def test_a_script_is_told_how_far_a_trial_is_and_the_page_in_the_end(desk: Desk) -> None:
    refused = desk.post("bureau", "/console/zones/try", GIVEN)
    desk.say_why("bureau", "试行围栏")
    plain = draft(desk, "bureau", "try").text
    told = [event.split("\ndata: ") for event in desk.post("bureau", "/console/zones/try", GIVEN).text.split("\n\n") if event]

    assert (refused.status_code, 'id="answer"' in refused.text) == (422, True)
    assert [kind for kind, _ in told] == ["event: at", "event: at", "event: page"]
    assert [json.loads(data) for _, data in told[:2]] == [{"judged": 0, "of": 1}, {"judged": 1, "of": 1}]
    assert results(json.loads(told[2][1])) == results(plain) != ""
    assert versions(desk) == 1


def results(page: str) -> str:
    return page.partition('<div id="results">')[2].partition("<aside>")[0]


def test_windows_are_drawn_where_they_can_be_read(desk: Desk) -> None:
    zone = draft(desk, "bureau", "publish", windows="1,2,3,4,5 22:00-06:00").headers["location"].partition("?")[0]
    unread = draft(desk, "bureau", "check", windows="nights").text

    for page in (desk.get("bureau", zone).text, desk.get("bureau", f"{zone}/edit").text):
        assert "一周的时段：周一到周五 22:00 到第二天 06:00" in page
    assert 'id="week"' in unread
    assert "<figure" not in unread
    assert "nights" in unread


@pytest.mark.parametrize(
    "changes",
    [
        {"outline": ""}, {"outline": "POLYGON((0 0, 1 1"}, {"shape": "circle", "lat": "x"}, {"shape": "corridor"}, {"shape": "file"},
        {"scope": "subject", "number": "nobody"}, {"windows": "nights"}, {"code": ""}, {"scope": "level", "level": ""},
    ],
)  # fmt: skip
def test_what_cannot_be_a_zone_keeps_what_was_given(desk: Desk, changes: dict[str, str]) -> None:
    answer = draft(desk, "bureau", "publish", **changes)

    assert answer.status_code in (404, 422)
    assert 'role="alert"' in answer.text
    assert "新区" in answer.text
    assert versions(desk) == 1


def test_circles_corridors_and_files_make_outlines(desk: Desk) -> None:
    line = json.dumps({"type": "LineString", "coordinates": [[120, 30], [120.1, 30.1]]})
    circle = draft(desk, "bureau", "publish", code="C", shape="circle", lat="30", lon="120", radius_m="500")
    corridor = draft(desk, "bureau", "publish", code="L", shape="corridor", line=line, half_width_m="100")
    desk.client.cookies.clear()
    headers = {"Cookie": "corrections_session=bureau", "Origin": HOST}
    sent = {"file": ("z.wkt", SQUARE.encode(), "text/plain")}
    form = GIVEN | {"do": "publish", "code": "F", "shape": "file", "datum": "GCJ02"}
    file = desk.client.post("/console/zones/draft", data=form, files=sent, headers=headers)

    assert [answer.status_code for answer in (circle, corridor, file)] == [303, 303, 303]


@pytest.mark.parametrize(("login", "page", "publish"), [("liming", 403, 403), ("auditor", 403, 403), ("admin", 200, 303)])
def test_who_may_not_set_zones_is_refused(desk: Desk, login: str, page: int, publish: int) -> None:
    assert desk.get(login, "/console/zones/new").status_code == page
    assert draft(desk, login, "publish", scope="everyone").status_code == publish


def test_a_zone_is_ended(desk: Desk) -> None:
    assert desk.post("bureau", "/console/zones/1/retire", {}).status_code == 303
    assert "已停用" in desk.get("bureau", "/console/zones").text


def test_it_speaks_english(desk: Desk) -> None:
    assert "What would have changed" not in draft(desk, "bureau", "check").text
    page = desk.get("bureau", "/console/zones/1/edit", language="en").text
    for word in ("Draw a polygon", "Try it over the last 30 days", "permitted area"):
        assert word in page
