"""Check rounds in the console: begun, gone through, signed; places only for a purpose."""

from __future__ import annotations

import re

import pytest

from corrections.store.database import reading, writing
from corrections.store.tables import CheckEntry, CheckRound, SubjectState
from tests.console.desk import Desk
from tests.review.scene import NOW


def begun(desk: Desk) -> int:
    answer = desk.post("liming", "/console/checks", {"whole": "yes"})
    assert answer.status_code == 303
    return int(answer.headers["location"].rsplit("/", 1)[1])


def revision(desk: Desk, round_id: int) -> int:
    with reading(desk.engine) as session:
        return session.get_one(CheckRound, round_id).revision


def test_a_round_is_begun_gone_through_and_signed(desk: Desk) -> None:
    round_id = begun(desk)
    place = f"/console/checks/{round_id}"
    early = desk.post("liming", f"{place}/sign", {"revision": revision(desk, round_id)})
    entry = re.search(r'name="entry" value="(\d+)"', desk.get("liming", place).text)[1]
    found = desk.post(
        "liming", f"{place}/find", {"revision": revision(desk, round_id), "entry": entry, "finding": "reached", "note": "电话联系上"}
    )
    signed = desk.post("liming", f"{place}/sign", {"revision": revision(desk, round_id), "note": "正常"})

    assert early.status_code == 422
    assert (found.status_code, signed.status_code) == (303, 303)
    page = desk.get("liming", place).text
    for word in ("电话联系上", "正常", "签署："):
        assert word in page
    assert f'href="{place}"' in desk.get("liming", "/console/checks").text


def test_a_finding_that_needs_words_keeps_what_was_chosen(desk: Desk) -> None:
    round_id = begun(desk)
    with reading(desk.engine) as session:
        entry = session.exec(CheckEntry.__table__.select()).first().id
    terms = {"revision": revision(desk, round_id), "entry": entry, "finding": "not_reached", "note": ""}

    answer = desk.post("liming", f"/console/checks/{round_id}/find", terms)

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_without_a_purpose_no_look_is_recorded_and_with_one_it_is(desk: Desk) -> None:
    with writing(desk.engine) as session:
        state = session.get_one(SubjectState, 1)
        state.lat, state.lon, state.accuracy_m, state.fix_time, state.side = 30.05, 120.05, 20.0, NOW, "right"
    round_id = begun(desk)
    desk.get("liming", f"/console/checks/{round_id}")
    assert desk.purposes() == []

    desk.get("liming", f"/console/checks/{round_id}", purpose="点名")
    assert [purpose for *_, purpose in desk.purposes()] == ["点名"]


def test_a_round_is_handed_over_with_a_reason_and_is_the_colleagues_then(desk: Desk) -> None:
    place = f"/console/checks/{begun(desk)}"
    shown = desk.get("liming", place).text
    without = desk.post("liming", f"{place}/hand-over", {"revision": 1, "to": 2, "reason": " "})
    given = desk.post("liming", f"{place}/hand-over", {"revision": 1, "to": 2, "reason": "下午出庭"})

    assert 'action="' + place + '/hand-over"' in shown
    assert (without.status_code, 'role="alert"' in without.text) == (422, True)
    assert (given.status_code, given.headers["location"]) == (303, f"{place}?done=hand-over")
    with reading(desk.engine) as session:
        assert session.get_one(CheckRound, 1).officer_id == 2
    left = desk.get("liming", place).text
    assert "移交给您后方可办理" in left
    assert f'action="{place}/' not in left
    assert "/hand-over" in desk.get("wangfang", place).text
    assert "下午出庭" in desk.get("wangfang", "/console/notices").text


def test_a_round_that_cannot_be_begun_says_why_where_it_was_asked_for(desk: Desk) -> None:
    answer = desk.post("wangfang", "/console/checks")

    assert answer.status_code == 422
    assert "没有可供核查的社区矫正对象" in answer.text
    assert "现在开始一次核查" in answer.text


@pytest.mark.parametrize(("login", "status"), [("zhao", 404), ("auditor", 403), ("admin", 403), ("head", 200), ("bureau", 200)])
def test_an_office_and_a_role_are_the_boundary(desk: Desk, login: str, status: int) -> None:
    assert desk.get(login, f"/console/checks/{begun(desk)}").status_code == status


def test_a_fresh_fix_needs_a_purpose_and_is_not_asked_for_twice(desk: Desk) -> None:
    round_id = begun(desk)  # which asks for one itself
    without = desk.post("liming", f"/console/checks/{round_id}/ask", {"subject": 1})
    desk.say_why("liming", "点名")
    twice = desk.post("liming", f"/console/checks/{round_id}/ask", {"subject": 1})

    assert (without.status_code, twice.status_code) == (422, 409)


def test_it_speaks_english(desk: Desk) -> None:
    page = desk.get("liming", f"/console/checks/{begun(desk)}", language="en").text

    for word in ("Record a finding", "Sign this round", "looked at"):
        assert word in page
