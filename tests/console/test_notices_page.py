"""Notices as a page: who is to be told what, and that it was told."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlmodel import Session

from corrections.console import notices_page
from corrections.domain.model import NoticeKind, Recipient
from corrections.review import notices
from corrections.store.database import reading, writing
from corrections.store.tables import Notice, Office, Subject
from tests.console.desk import Desk
from tests.review.scene import HOUR, NOW

PAGE = "/console/notices"


def a_notice(session: Session, recipient: Recipient = Recipient.SUBJECT, subject_id: int = 1, **more: Any) -> Notice:
    text = ("请检查手机", "Check your phone")
    return notices.notify(session, session.get_one(Subject, subject_id), recipient, NoticeKind.SILENCE, text, NOW - HOUR, **more)


def waiting(desk: Desk, login: str, address: str = PAGE) -> list[int]:
    return [int(found) for found in re.findall(r'action="/console/notices/(\d+)/done"', desk.get(login, address).text)]


def test_a_notice_tells_whom_to_tell_what_and_by_which_phone(desk: Desk) -> None:
    with writing(desk.engine) as session:
        session.get_one(Subject, 1).phone = "13900000001"
        a_notice(session)
        a_notice(session, Recipient.OFFICER, officer_id=1, violation_id=1)

    chinese, english = (desk.get("liming", PAGE, language=language).text for language in ("zh", "en"))

    for word in (
        "本人",
        "13900000001",
        "工作人员",
        "liming名",
        "失去联系",
        "请检查手机",
        "03-02 08:00",
        "/console/violations/1",
        "1 小时前",
    ):
        assert word in chinese
    for word in ("the subject", "the officer", "Check your phone", "Told"):
        assert word in english
    assert "Check your phone" not in chinese


def test_the_menu_tells_how_many_wait_within_reach(desk: Desk) -> None:
    with writing(desk.engine) as session:
        for _ in range(3):
            a_notice(session)
        a_notice(session).done_at = NOW

    menu = re.compile(r'href="/console/notices"[^>]*>.*?<span class="count">(\d+)')

    assert menu.search(desk.get("liming", "/console/").text)[1] == "3"
    assert 'class="count"' not in desk.get("zhao", "/console/").text
    assert PAGE not in desk.get("admin", "/console/").text


def test_what_was_told_is_marked_once_and_goes_to_those_that_are_done(desk: Desk) -> None:
    with writing(desk.engine) as session:
        number = a_notice(session).id

    told, again = desk.post("liming", f"{PAGE}/{number}/done"), desk.post("head", f"{PAGE}/{number}/done")

    assert (told.status_code, told.headers["location"]) == (303, PAGE)
    assert again.status_code == 409
    assert "已处理，或已不再需要" in again.text
    assert waiting(desk, "liming") == []
    done = desk.get("liming", f"{PAGE}?tab=done").text
    assert "已告知<small>liming名" in done
    with reading(desk.engine) as session:
        notice = session.get_one(Notice, number)
        assert (notice.done_at, notice.done_by) == (NOW, 1)


def test_one_whose_reason_is_gone_is_told_to_be_needless(desk: Desk) -> None:
    with writing(desk.engine) as session:
        a_notice(session).done_at = NOW

    assert "已不需要" in desk.get("liming", f"{PAGE}?tab=done").text


def test_a_minors_name_is_masked(desk: Desk) -> None:
    with writing(desk.engine) as session:
        session.get_one(Subject, 1).minor = True
        a_notice(session)

    page = desk.get("liming", PAGE).text

    assert "对**" in page
    assert "对象S1" not in page


@pytest.mark.parametrize(("login", "status"), [("zhao", 404), ("admin", 403), ("auditor", 403)])
def test_who_may_not_reach_it_neither_sees_nor_ends_it(desk: Desk, login: str, status: int) -> None:
    with writing(desk.engine) as session:
        number = a_notice(session).id

    assert desk.post(login, f"{PAGE}/{number}/done").status_code == status
    assert "请检查手机" not in desk.get(login, PAGE).text
    assert waiting(desk, "liming") == [number]


def test_the_page_is_turned(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices_page, "ROWS", 2)
    with writing(desk.engine) as session:
        numbers = [a_notice(session).id for _ in range(5)]

    address, seen = PAGE, []
    while address:
        seen += waiting(desk, "liming", address)
        found = re.search(r'class="next" href="([^"]+)"', desk.get("liming", address).text)
        address = found[1].replace("&amp;", "&") if found else ""

    assert seen == numbers[::-1]


def test_another_sites_page_marks_nothing(desk: Desk) -> None:
    with writing(desk.engine) as session:
        number = a_notice(session).id

    assert desk.post("liming", f"{PAGE}/{number}/done", origin="http://elsewhere").status_code == 403
    assert waiting(desk, "liming") == [number]


def test_a_notice_about_no_single_subject_is_shown_without_one(desk: Desk) -> None:
    with writing(desk.engine) as session:
        text = ("定位核查待完成", "A round waits")
        notices.notify(session, session.get_one(Office, 1), Recipient.OFFICER, NoticeKind.ROUND_OPENED, text, NOW, about="round:1")

    shown = desk.get("liming", PAGE).text

    assert "定位核查待完成" in shown
    assert "/console/subjects/None" not in shown
