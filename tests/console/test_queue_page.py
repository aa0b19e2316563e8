"""The queue as a page: whose violations, in which words, page by page."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import update

from corrections.console import queue_page
from corrections.store.database import writing
from corrections.store.tables import LoginSession, Subject, Zone
from tests.console.desk import PLACE, Desk, a_breach
from tests.review.scene import HOUR, NOW, a_subject, a_violation


def listed(desk: Desk, login: str, address: str = "/console/queue") -> list[int]:
    answer = desk.get(login, address)
    assert answer.status_code == 200
    return [int(found) for found in re.findall(r'href="/console/violations/(\d+)\?', answer.text)]


@pytest.mark.parametrize(
    ("login", "tab", "seen"),
    [
        ("liming", "mine", [1]), ("wangfang", "mine", []), ("wangfang", "office", [1]), ("head", "office", [1]), ("zhao", "office", [2]),
        ("bureau", "mine", []), ("bureau", "office", [1, 2]), ("bureau", "", [1, 2]), ("liming", "", [1]), ("liming", "decided", []),
    ],
)  # fmt: skip
def test_everybody_sees_her_own_and_her_offices_violations(desk: Desk, login: str, tab: str, seen: list[int]) -> None:
    assert listed(desk, login, f"/console/queue?tab={tab}" if tab else "/console/queue") == seen


def test_a_row_tells_in_words_what_an_officer_needs_and_no_place(desk: Desk) -> None:
    desk.clock.advance(25.5 * HOUR)
    with writing(desk.engine) as session:
        session.execute(update(LoginSession).values(last_used_at=NOW + 25 * HOUR, expires_at=NOW + 35 * HOUR))

    page = desk.get("liming", "/console/queue").text

    for word in ("中", "S1", "对象S1", "越界", "活动区", "03-02 08:00", "进行中", "已超期", "1 小时", "待核查", "liming名"):
        assert word in page
    assert PLACE not in page
    assert "boundary" not in page


def test_a_minors_name_is_masked_and_marked(desk: Desk) -> None:
    with writing(desk.engine) as session:
        session.get_one(Subject, 1).minor = True

    for page in ("/console/queue", "/console/violations/1", "/console/subjects"):
        told = desk.get("liming", page).text
        assert "未成年" in told
        assert "对**" in told
        assert "对象S1" not in told


def test_names_from_outside_are_shown_as_text(desk: Desk) -> None:
    with writing(desk.engine) as session:
        session.get_one(Subject, 1).name = "<script>alert(1)</script>\"'"

    for page in ("/console/queue", "/console/violations/1", "/console/subjects", "/console/subjects/1"):
        told = desk.get("liming", page).text
        assert "<script>" not in told
        assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;" in told


def test_pages_follow_each_other_without_a_gap(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_page, "ROWS", 2)
    with writing(desk.engine) as session:
        subject = session.get_one(Subject, 1)
        for minutes in range(1, 5):
            a_violation(session, subject, NOW + timedelta(minutes=minutes), zone_id=100 + minutes)

    address, seen = "/console/queue?tab=mine", []
    while address:
        seen += listed(desk, "liming", address)
        found = re.search(r'class="next" href="([^"]+)"', desk.get("liming", address).text)
        address = found[1].replace("&amp;", "&") if found else ""

    assert seen == [1, 3, 4, 5, 6]


def test_a_place_in_the_queue_that_no_page_gave_is_refused_on_a_page(desk: Desk) -> None:
    answer = desk.get("liming", "/console/queue?after=nonsense")

    assert answer.status_code == 422
    assert "上一页" in answer.text


def test_decided_violations_have_their_tab(desk: Desk) -> None:
    desk.step("liming", "claim")
    desk.step("liming", "decide", decision="false_alarm", cause="position_error", reason="漂移")

    page = desk.get("liming", "/console/queue?tab=decided").text

    assert "误报" in page
    assert "定位误差" in page
    assert listed(desk, "liming") == []


@pytest.mark.parametrize(("login", "leads_to"), [("auditor", "/console/audit"), ("admin", "/console/subjects")])
def test_who_reviews_nothing_begins_with_what_her_role_is_for(desk: Desk, login: str, leads_to: str) -> None:
    assert desk.get(login, "/console/").headers["location"] == leads_to
    assert desk.get(login, "/console/queue").status_code == 403


def test_a_breach_in_progress_at_an_exclusion_zone_is_called_that_and_marked(desk: Desk) -> None:
    with writing(desk.engine) as session:
        session.add(Zone(id=50, bureau_id=1, code="X", name="学校", kind="exclusion"))
        session.flush()
        a_breach(session, a_subject(session, "S3"), zone_id=50)

    page = desk.get("liming", "/console/queue").text

    assert "进入禁止区域" in page
    assert "紧急" in page
