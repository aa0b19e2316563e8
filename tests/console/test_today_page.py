"""Today's work on one page: what waits, by whose it is, without a place."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from corrections.domain.casework import LeaveKind, LeaveReason
from corrections.records import leave
from corrections.records.leave import Wanted
from corrections.store.database import writing
from corrections.store.tables import LoginSession, Violation
from tests.console.desk import DAY, PLACE, SETTINGS, Desk
from tests.review.scene import HOUR, NOW, an_actor


@pytest.mark.parametrize(("login", "number"), [("liming", 1), ("wangfang", 0), ("head", 1), ("zhao", 1), ("bureau", 2)])
def test_what_waits_is_counted_and_listed_within_reach(desk: Desk, login: str, number: int) -> None:
    page = desk.get(login, "/console/").text

    assert page.count('<li><a class="line" href="/console/violations/') >= number
    assert f"<span><b>{number}</b>" in page
    assert PLACE not in page
    assert desk.purposes() == []


def test_an_overdue_one_is_told_as_such(desk: Desk) -> None:
    desk.clock.advance(9 * HOUR)
    with writing(desk.engine) as session:
        session.get_one(Violation, 1).due_at = NOW
        session.execute(update(LoginSession).values(last_used_at=NOW + 9 * HOUR))

    page = desk.get("liming", "/console/").text

    assert "1 件超期" in page
    assert "超期 9 小时" in page


def test_leave_to_decide_stands_there_for_the_head(desk: Desk) -> None:
    with writing(desk.engine) as session:
        wanted = Wanted(
            kind=LeaveKind.LEAVE, reason=LeaveReason.MEDICAL, destination="省城", leaves_at=NOW + 4 * DAY, returns_at=NOW + 5 * DAY,
            details="复查",
        )  # fmt: skip
        leave.request_leave(session, an_actor(session, "liming"), 1, wanted, settings=SETTINGS, now=NOW)

    page = desk.get("head", "/console/").text

    assert "省城" in page
    assert 'href="/console/leave/1"' in page
    assert "省城" not in desk.get("zhao", "/console/").text


def test_the_cards_alone_are_given_to_a_script(desk: Desk) -> None:
    desk.client.cookies.clear()
    answer = desk.client.get("/console/", headers={"Cookie": "corrections_session=liming", "HX-Request": "true", "HX-Target": "today"})

    assert "<html" not in answer.text
    assert 'id="today"' in answer.text


def test_both_languages_say_so_when_nothing_is_to_be_done(desk: Desk) -> None:
    assert "没有待签字的核查" in desk.get("liming", "/console/").text
    assert "No round waits to be signed" in desk.get("liming", "/console/", language="en").text
