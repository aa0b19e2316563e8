"""The map of everybody: only for a purpose, only within reach, the look on record; and the card of one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from corrections.records import permits, register
from corrections.records.permits import Basis
from corrections.store.database import writing
from corrections.store.tables import FixRequest, Subject, SubjectState
from tests.console.desk import Desk
from tests.review.scene import MINUTE, NOW, RULES

LAT, LON = 30.123456, 120.054321


@pytest.fixture(autouse=True)
def located(desk: Desk) -> None:
    """Subject 1 five minutes ago on the wrong side, subject 2 of the other office on the right."""
    with writing(desk.engine) as session:
        permits.grant_authority(
            session, None, 2, basis=Basis.ARTICLE26, valid_from=NOW - timedelta(days=1), valid_until=NOW + timedelta(days=60),
            approved_by="局长", approved_on=NOW - timedelta(days=2), rules=RULES, now=NOW,
        )  # fmt: skip
        register.enrol_device(session, None, 2, identifier="phone-2", rules=RULES, now=NOW)
        for id_, side in ((1, "wrong"), (2, "right")):
            state = session.get(SubjectState, id_) or SubjectState(subject_id=id_, bureau_id=1)
            state.lat, state.lon, state.side, state.fix_time, state.accuracy_m = LAT, LON, side, NOW - 5 * MINUTE, 35.4
            session.add(state)


def rows(answer: Any) -> Any:
    return answer.json()["rows"]


def test_it_asks_for_a_purpose_first(desk: Desk) -> None:
    page = desk.get("liming", "/console/map")

    assert "查看目的" in page.text
    assert 'id="map"' not in page.text
    for address in ("positions", "wrong", "find?q=S", "subjects/1"):
        assert desk.get("liming", f"/console/map/{address}").status_code == 422
    assert desk.purposes() == []


@pytest.mark.parametrize(("login", "ids"), [("liming", [1]), ("zhao", [2]), ("bureau", [1, 2])])
def test_everybody_sees_her_own_offices(desk: Desk, login: str, ids: list[int]) -> None:
    assert [row[0] for row in rows(desk.get(login, "/console/map/positions", purpose="日常监管"))] == ids


def test_a_row_says_who_where_how_exactly_how_long_ago_and_how_she_stands(desk: Desk) -> None:
    (row,) = rows(desk.get("liming", "/console/map/positions", purpose="日常监管"))

    assert row[4:] == [LON, LAT, 35, 300, 1]


def test_one_record_stands_for_a_quarter_of_an_hour(desk: Desk) -> None:
    desk.say_why("liming", "日常监管")
    for minutes in (0, 5, 14, 15):
        desk.clock.set(NOW + minutes * MINUTE)
        desk.get("liming", "/console/map/positions")
        desk.get("liming", "/console/map/find", q="S1")

    assert [(subject, why) for _, subject, why in desk.purposes()] == [(None, "日常监管")] * 2


@pytest.mark.parametrize("login", ["auditor", "admin"])
@pytest.mark.parametrize("address", ["", "/positions", "/wrong", "/counts", "/find?q=S", "/subjects/1"])
def test_who_sees_no_location_is_refused(desk: Desk, login: str, address: str) -> None:
    assert desk.get(login, f"/console/map{address}", purpose="看").status_code == 403


def test_the_figures_hold_no_place_and_need_no_purpose(desk: Desk) -> None:
    assert desk.get("bureau", "/console/map/counts").json() == {"counts": [1, 1, 0, 0], "unlocated": 0}
    assert desk.get("bureau", "/console/map/counts", office=2).json()["counts"] == [1, 0, 0, 0]


def test_a_box_and_an_office_keep_what_is_asked_for(desk: Desk) -> None:
    desk.say_why("bureau", "看")
    box = {"west": 120, "south": 30, "east": 120.01, "north": 31, "cell": 0.01}

    assert rows(desk.get("bureau", "/console/map/positions", **box)) == []
    assert len(rows(desk.get("bureau", "/console/map/positions", **box | {"east": 121}))) == 2
    assert len(rows(desk.get("bureau", "/console/map/positions", **box | {"east": 121, "office": 2}))) == 1


def test_those_on_the_wrong_side_are_listed_alone(desk: Desk) -> None:
    assert [row[0] for row in rows(desk.get("bureau", "/console/map/wrong", purpose="看"))] == [1]
    assert rows(desk.get("bureau", "/console/map/wrong", office=2)) == []


def test_a_minors_name_is_masked(desk: Desk) -> None:
    with writing(desk.engine) as session:
        session.get_one(Subject, 1).minor = True

    assert rows(desk.get("liming", "/console/map/positions", purpose="看"))[0][2].endswith("**")


def test_somebody_is_found_within_reach_alone(desk: Desk) -> None:
    desk.say_why("liming", "看")

    assert [row[0] for row in rows(desk.get("liming", "/console/map/find", q=" S1 "))] == [1]
    assert rows(desk.get("liming", "/console/map/find", q="S2")) == rows(desk.get("liming", "/console/map/find")) == []


def test_the_zones_of_everybody_are_shown_and_no_ones_own(desk: Desk) -> None:
    told = desk.get("liming", "/console/map/zones").json()

    assert [(zone[1], zone[2], zone[3]["type"]) for zone in told] == [("活动区", "inclusion", "Polygon")]


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh", ["不符合要求", "5 分钟前", "± 35 米", "轨迹回放", "请求定位", "越界"]), ("en", ["where not allowed", "5 min ago", "± 35 m"])],
)
def test_a_card_says_how_she_stands_and_what_can_be_done(desk: Desk, language: str, words: list[str]) -> None:
    card = desk.get("liming", "/console/map/subjects/1", language=language, purpose="看").text

    assert all(word in card for word in words)
    assert 'href="/console/violations/1"' in card
    assert "/console/subjects/1/replay?day=2026-03-02" in card


def test_a_card_is_of_nobody_elses_office(desk: Desk) -> None:
    assert desk.get("zhao", "/console/map/subjects/1", purpose="看").status_code == 404


def test_a_fix_is_asked_for_from_the_card_once(desk: Desk) -> None:
    desk.say_why("liming", "看")
    form = {"purpose": "核实行踪"}
    first = desk.post("liming", "/console/map/subjects/1/fix-requests", form)
    second = desk.post("liming", "/console/map/subjects/1/fix-requests", form)

    assert (first.status_code, first.headers["Location"]) == (303, "/console/map?subject=1")
    assert (second.status_code, 'role="alert"' in second.text) == (409, True)
    assert "已请求定位" in desk.get("liming", "/console/map/subjects/1").text
    with writing(desk.engine) as session:
        assert session.get_one(FixRequest, 1).subject_id == 1
