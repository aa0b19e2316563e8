"""What is due by law, with what it rests on; of the reader's own subjects first."""

from __future__ import annotations

from datetime import timedelta

import pytest

from corrections.store.database import writing
from corrections.store.tables import Subject
from tests.console.desk import Desk
from tests.review.scene import NOW


@pytest.fixture(autouse=True)
def term_ends(desk: Desk) -> None:
    with writing(desk.engine) as session:
        session.get_one(Subject, 1).term_until = NOW + timedelta(days=5)


@pytest.mark.parametrize(
    ("login", "query", "there"), [("liming", "", True), ("head", "", True), ("wangfang", "", False), ("wangfang", "?mine=false", True)]
)
def test_an_end_of_term_stands_there_for_whom_it_concerns(desk: Desk, login: str, query: str, there: bool) -> None:
    page = desk.get(login, f"/console/agenda{query}").text

    assert ("矫正期满" in page.partition("<tbody>")[2]) == there


def test_it_says_how_many_days_are_left_and_what_it_rests_on(desk: Desk) -> None:
    chinese, english = (desk.get("head", "/console/agenda", language=language).text for language in ("zh", "en"))

    assert "还有 5 天" in chinese
    assert "第四十四条" in chinese
    assert "in 5 days" in english
    assert "end of term" in english


@pytest.mark.parametrize(("login", "status"), [("zhao", 404), ("auditor", 403), ("admin", 403)])
def test_an_office_and_a_role_are_the_boundary(desk: Desk, login: str, status: int) -> None:
    assert desk.get(login, "/console/agenda?subject=1").status_code == status


def test_a_kind_can_be_chosen(desk: Desk) -> None:
    assert "这段时间内没有到期事项" in desk.get("head", "/console/agenda?kind=search").text
