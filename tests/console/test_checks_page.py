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
