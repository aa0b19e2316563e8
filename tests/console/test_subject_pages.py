"""Subjects as pages: the register without places, and the log for a purpose."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from corrections.console import subject_pages
from corrections.store.database import writing
from corrections.store.tables import Subject, SubjectState
from tests.console.desk import Desk
from tests.review.scene import MINUTE, NOW, a_subject

LOG = "/console/subjects/1/log/2026-03-01"


@pytest.mark.parametrize(("login", "seen"), [("liming", ["S1"]), ("zhao", ["S2"]), ("bureau", ["S1", "S2"]), ("admin", ["S1", "S2"])])
def test_the_list_holds_who_is_within_reach(desk: Desk, login: str, seen: list[str]) -> None:
    page = desk.get(login, "/console/subjects").text

    assert re.findall(r'href="/console/subjects/\d+">(\w+)</a>', page) == seen


def test_the_list_is_searched_and_turned_page_by_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject_pages, "ROWS", 2)
    with writing(desk.engine) as session:
        for number in ("S3", "S4", "S5", "T6"):
            a_subject(session, number)

    address, seen = "/console/subjects?search=S&standing=active", []
    while address:
        page = desk.get("liming", address).text
        seen += re.findall(r'href="/console/subjects/\d+">(\w+)</a>', page)
        found = re.search(r'class="next" href="([^"]+)"', page)
        address = found[1].replace("&amp;", "&") if found else ""

    assert seen == ["S1", "S3", "S4", "S5"]
    assert "没有符合条件" in desk.get("liming", "/console/subjects", search="nobody\x00").text


def test_a_subjects_page_tells_the_register_the_authority_the_device_and_its_last_contact(desk: Desk) -> None:
    with writing(desk.engine) as session:
        session.get_one(SubjectState, 1).last_contact_at = NOW - 5 * MINUTE

    page = desk.get("liming", "/console/subjects/1").text

    for word in ("对象S1", "缓刑", "普管", "第0司法所", "liming名", "社区矫正法第二十六条", "王局长", "phone-1", "5 分钟前", "越界", LOG):
        assert word in page
    assert "30.10" not in page
    assert desk.purposes() == []


def test_the_administrator_sees_the_register_and_neither_violations_nor_the_log(desk: Desk) -> None:
    page = desk.get("admin", "/console/subjects/1").text

    assert "对象S1" in page
    assert "/console/violations/" not in page
    assert "/log" not in page.partition('<main id="content">')[2]
    assert desk.get("admin", LOG).status_code == 403


def test_a_minors_page_says_that_the_identity_is_confidential(desk: Desk) -> None:
    with writing(desk.engine) as session:
        session.get_one(Subject, 1).minor = True

    assert "不得泄露" in desk.get("liming", "/console/subjects/1").text


@pytest.mark.parametrize("page", ["/console/subjects/1", LOG, f"{LOG}?purpose=x", "/console/subjects/1/log?day=2026-03-01"])
def test_a_subject_of_another_office_is_not_there(desk: Desk, page: str) -> None:
    answer = desk.get("zhao", page)
    if answer.status_code == 303:
        answer = desk.get("zhao", answer.headers["location"])

    assert answer.status_code == 404
    assert "对象S1" not in answer.text
    assert desk.purposes() == []


def test_the_log_is_shown_for_a_purpose_and_the_look_is_recorded(desk: Desk) -> None:
    asked = desk.get("liming", LOG).text

    assert "请说明查看目的" in asked
    assert desk.purposes() == []

    told = desk.get("liming", "/console/subjects/1/log/2026-03-02", purpose="日常监管")

    assert told.status_code == 200
    assert '<h1><span class="zh" lang="zh">监管日志' in told.text
    assert desk.purposes() == [("liming名", 1, "日常监管")]


def test_the_logs_own_style_is_let_in_by_its_hash_alone(desk: Desk) -> None:
    answer = desk.get("liming", "/console/subjects/1/log/2026-03-02", purpose="日常监管")
    style = answer.text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    policy = answer.headers["content-security-policy"]

    assert f"style-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("purpose", ["", " ", "长" * 501])
def test_the_log_without_a_proper_purpose_asks_again(desk: Desk, purpose: str) -> None:
    answer = desk.get("liming", f"{LOG}?purpose={purpose}")

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert desk.purposes() == []


def test_a_day_is_chosen_by_a_form(desk: Desk) -> None:
    assert desk.get("liming", "/console/subjects/1/log?day=2026-03-01").headers["location"] == LOG
    assert desk.get("liming", "/console/subjects/1/log?day=x").status_code == 404
    assert desk.get("liming", "/console/subjects/1/log/0001-01-01", purpose="x").status_code == 422
