"""Objections as heads answer them."""

from __future__ import annotations

import pytest

from corrections.domain.casework import ObjectedTo
from corrections.records import objections
from corrections.store.access import Own
from corrections.store.database import reading, writing
from corrections.store.tables import Objection
from tests.console.desk import SETTINGS, Desk
from tests.review.scene import NOW


@pytest.fixture(autouse=True)
def objected(desk: Desk) -> None:
    with writing(desk.engine) as session:
        objections.object_(session, Own(1), 1, about=ObjectedTo.DATA, about_id=None, text="电话有误", settings=SETTINGS, now=NOW)


def test_a_head_answers_and_it_stands_among_the_answered(desk: Desk) -> None:
    assert "电话有误" in desk.get("liming", "/console/objections").text
    answered = desk.post("head", "/console/objections/1", {"outcome": "upheld", "text": "已更正"})

    assert answered.status_code == 303
    assert "已更正" in desk.get("head", "/console/objections").text
    with reading(desk.engine) as session:
        assert session.get_one(Objection, 1).outcome == "upheld"


def test_an_answer_needs_words_and_keeps_the_outcome(desk: Desk) -> None:
    answer = desk.post("head", "/console/objections/1", {"outcome": "rejected", "text": " "})

    assert answer.status_code == 422
    assert '<option value="rejected" selected>' in answer.text


def test_an_officer_does_not_answer_and_another_office_sees_nothing(desk: Desk) -> None:
    assert desk.post("liming", "/console/objections/1", {"outcome": "upheld", "text": "行"}).status_code == 403
    assert "电话有误" not in desk.get("zhao", "/console/objections").text
    assert desk.get("auditor", "/console/objections").status_code == 403
