"""Search across subjects and violations: by what is at hand, within reach."""

from __future__ import annotations

import pytest

from corrections.store.database import writing
from corrections.store.tables import Subject
from tests.console.desk import PLACE, Desk


@pytest.mark.parametrize(("sought", "says"), [("对象S", "对象S1"), ("活动", "越界"), ("1", "对象S1"), (" s1 ", None)])
def test_what_is_at_hand_finds_it(desk: Desk, sought: str, says: str | None) -> None:
    answer = desk.get("liming", "/console/search", q=sought)

    if says is None:
        assert answer.headers["location"] == "/console/subjects/1"
    else:
        assert says in answer.text
        assert PLACE not in answer.text


@pytest.mark.parametrize("sought", ["S2", "对象S2", "2"])
def test_what_another_office_has_is_not_found(desk: Desk, sought: str) -> None:
    assert "没有找到" in desk.get("liming", "/console/search", q=sought).text


def test_a_telephone_finds_whole_only(desk: Desk) -> None:
    with writing(desk.engine) as session:
        session.get_one(Subject, 1).phone = "13900001111"

    assert "对象S1" in desk.get("liming", "/console/search", q="13900001111").text
    assert "没有找到" in desk.get("liming", "/console/search", q="1390000").text


@pytest.mark.parametrize("sought", ["%", "_", "'; DROP TABLE subject; --", "\x00", "长" * 200])
def test_signs_stand_for_themselves(desk: Desk, sought: str) -> None:
    assert desk.get("liming", "/console/search", q=sought).status_code == 200
    assert "对象S1" not in desk.get("liming", "/console/search", q=sought).text


def test_who_reviews_nothing_finds_no_violation(desk: Desk) -> None:
    page = desk.get("admin", "/console/search", q="活动").text

    assert "越界" not in page
    assert desk.get("auditor", "/console/search", q="S1").status_code == 403
