"""A subject's day replayed: only for a purpose, with the zones of the moment."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from corrections.store.database import writing
from corrections.store.tables import Report
from tests.console.desk import Desk
from tests.review.scene import HOUR, NOW

PAGE = "/console/subjects/1/replay?day=2026-03-02"


@pytest.fixture(autouse=True)
def reported(desk: Desk) -> None:
    """Half an hour of reports north of the zone."""
    with writing(desk.engine) as session:
        for number in range(4):
            at = NOW - HOUR + timedelta(minutes=10 * number)
            session.add(
                Report(
                    subject_id=1, bureau_id=1, device_id=1, fix_time=at, digest=number, received_at=at, lat=30.105, lon=120.05,
                    accuracy_m=20.0, source=1, wire="osmand", raw=b"", speed_mps=1.0,
                )
            )  # fmt: skip


def test_it_asks_for_a_purpose_first(desk: Desk) -> None:
    page = desk.get("liming", PAGE).text

    assert "查看目的" in page
    assert "30.105" not in page
    assert desk.purposes() == []


def test_a_day_has_its_fixes_stays_zones_and_violations(desk: Desk) -> None:
    page = desk.get("liming", PAGE, purpose="核实行踪").text
    drawn = json.loads(re.search(r'id="drawn">(.*?)</script>', page, re.DOTALL)[1])

    assert len(drawn["fixes"]) == 4
    assert len(drawn["stays"]) == 1
    assert [zone[0] for zone in drawn["zones"]] == ["活动区"]
    assert [found[0] for found in drawn["violations"]] == [1]
    assert "定位列表" in page
    assert page.count('class="side right"') + page.count('class="side wrong"') + page.count('class="side unknown"') > 4
    assert desk.purposes() == [("liming名", 1, "核实行踪")]


@pytest.mark.parametrize(
    ("language", "said"),
    [("zh", ["越界", "公里/时", "± 20 米", "星期一"]), ("en", ["outside the permitted area", "km/h", "± 20 m", "Monday"])],
)
def test_the_list_says_the_same_in_words(desk: Desk, language: str, said: list[str]) -> None:
    page = desk.get("liming", PAGE, purpose="check", language=language).text

    assert all(word in page for word in said)


def test_a_day_without_positions_says_so(desk: Desk) -> None:
    page = desk.get("liming", "/console/subjects/1/replay?day=2026-02-20", purpose="核实").text

    assert "这一天没有定位" in page


@pytest.mark.parametrize(("login", "status"), [("zhao", 404), ("auditor", 403), ("admin", 403), ("bureau", 200)])
def test_an_office_and_a_role_are_the_boundary(desk: Desk, login: str, status: int) -> None:
    assert desk.get(login, PAGE, purpose="看").status_code == status
    assert len(desk.purposes()) == (status == 200)


def test_a_day_that_no_calendar_has_is_refused(desk: Desk) -> None:
    assert desk.get("liming", "/console/subjects/1/replay?day=0001-01-01").status_code == 422
