"""Leave as she asks for it and reports on it, on her pages and over the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from corrections.records import leave
from corrections.store.database import reading, writing
from corrections.store.tables import LeavePermit, LeaveReport, LeaveRequest
from tests.portal.phone import DAY, HOST, SETTINGS, Phone
from tests.review.scene import HOUR, NOW, an_actor

# 9 March 2026, 08:00 until 20:00 in Shanghai
GONE = {
    "destination": "杭州市西湖区",
    "reason": "medical",
    "details": "看牙",
    "leaves_at": "2026-03-09T08:00",
    "returns_at": "2026-03-09T20:00",
}
LEAVES, RETURNS = NOW + timedelta(days=6, hours=23), NOW + timedelta(days=7, hours=11)


def asked(phone: Phone, request_id: int = 1) -> LeaveRequest:
    with reading(phone.engine) as session:
        found = session.get_one(LeaveRequest, request_id)
        session.expunge(found)
        return found


def approve(phone: Phone, request_id: int = 1) -> None:
    with writing(phone.engine) as session:
        head = an_actor(session, "head")
        leave.approve_leave(session, head, request_id, revision=1, conditions="每天打电话", settings=SETTINGS, now=NOW)


def test_she_asks_and_sees_that_it_waits(phone: Phone) -> None:
    sent = phone.post("/me/leave", GONE)

    assert sent.headers["location"] == "/me/leave?done=true"
    request = asked(phone)
    assert (request.subject_id, request.requested_by, request.leaves_at, request.returns_at) == (1, None, LEAVES, RETURNS)
    said = phone.get("/me/leave").text
    assert "等待批准" in said
    assert "没有批准，不能出去" in said
    assert phone.audited("leave.request") == [("subject", 1)]


@pytest.mark.parametrize(
    "wrong", [{"returns_at": "2026-03-09T07:00"}, {"leaves_at": ""}, {"returns_at": "soon"}, {"reason": "fun"}, {"destination": " "}]
)
def test_what_cannot_be_taken_keeps_what_she_wrote(small_phone: Phone, wrong: dict[str, str]) -> None:
    answer = small_phone.post("/me/leave", GONE | wrong)

    assert answer.status_code == 422
    assert "看牙" in answer.text
    with reading(small_phone.engine) as session:
        assert session.get(LeaveRequest, 1) is None


def test_approved_she_reports_by_one_button_until_she_is_back(phone: Phone) -> None:
    phone.post("/me/leave", GONE)
    approve(phone)
    phone.clock.set(LEAVES)

    for step, next_step in (("departure", "我到了"), ("arrival", "我回来了"), ("return", "已回来")):
        assert phone.post("/me/leave/1/report", {"kind": step}).status_code == 303
        phone.clock.advance(HOUR)
        assert next_step in phone.get("/me/leave").text

    assert asked(phone).returned_at == LEAVES + 2 * HOUR
    assert "我回来了" not in phone.get("/me/leave").text.replace("我回来了 <span", "")


def test_a_late_return_asks_for_the_reason(phone: Phone) -> None:
    phone.post("/me/leave", GONE)
    approve(phone)
    phone.clock.set(RETURNS + HOUR)
    assert "为什么回来晚了" in phone.get("/me/leave").text

    assert phone.post("/me/leave/1/report", {"kind": "return"}).status_code == 422
    assert phone.post("/me/leave/1/report", {"kind": "return", "text": "火车晚点"}).status_code == 303
    with reading(phone.engine) as session:
        assert session.get_one(LeaveReport, 1).text == "火车晚点"


def test_she_takes_a_request_back_or_asks_for_longer(phone: Phone) -> None:
    phone.post("/me/leave", GONE)
    assert phone.post("/me/leave/1/withdraw").status_code == 303
    assert asked(phone).state == "withdrawn"
    assert phone.post("/me/leave/1/withdraw").status_code == 409

    phone.post("/me/leave", GONE)
    approve(phone, 2)
    assert "2026-03-09T20:00" in phone.get("/me/leave/new?extends=2").text
    sent = phone.post("/me/leave", GONE | {"extends": "2", "leaves_at": "2026-01-01T00:00", "returns_at": "2026-03-10T20:00"})
    assert sent.status_code == 303
    assert (asked(phone, 3).extends_id, asked(phone, 3).leaves_at) == (2, RETURNS)


@pytest.mark.parametrize("path", ["/me/leave/1/report", "/me/leave/1/withdraw", "/me/leave/new?extends=1"])
def test_anothers_request_is_not_there(small_phone: Phone, path: str) -> None:
    small_phone.post("/me/leave", GONE, "own-2")

    if "?" in path:
        assert small_phone.get(path).status_code == 404
    else:
        assert small_phone.post(path, {"kind": "departure"}).status_code == 404
    assert small_phone.api("POST", "/own/leave-requests/1/withdraw").status_code == 404
    assert asked(small_phone).state == "requested"
    assert "杭州" not in small_phone.get("/me/leave").text


def test_the_api_does_the_same(phone: Phone) -> None:
    body = GONE | {"leaves_at": LEAVES.isoformat(), "returns_at": RETURNS.isoformat()}
    made = phone.api("POST", "/own/leave-requests", json=body)
    assert (made.status_code, made.json()["state"]) == (201, "requested")
    approve(phone)
    phone.clock.set(LEAVES)

    assert phone.api("POST", "/own/leave-requests/1/reports", json={"kind": "departure"}).status_code == 201
    back = phone.api("POST", "/own/leave-requests/1/reports", json={"kind": "return", "at": LEAVES.isoformat()}).json()
    assert [report["kind"] for report in back["reports"]] == ["departure", "return"]
    assert (back["state"], back["conditions"]) == ("approved", "每天打电话")
    assert phone.api("GET", "/own/leave-requests").json() == [back]


def test_what_was_decided_is_told_at_home_until_she_has_seen_it(phone: Phone) -> None:
    phone.post("/me/leave", GONE)
    approve(phone)
    notice = max(n["id"] for n in phone.api("GET", "/own").json()["notices"])
    assert "已批准" in phone.get("/me").text

    assert phone.post(f"/me/notices/{notice}/seen", token="own-2").status_code == 404
    assert phone.post(f"/me/notices/{notice}/seen").status_code == 303
    assert phone.api("GET", "/own").json()["notices"] == []
    assert phone.api("POST", f"/own/notices/{notice}/seen").status_code == 404


def test_a_decision_on_leave_can_be_objected_to(phone: Phone) -> None:
    phone.post("/me/leave", GONE)
    with writing(phone.engine) as session:
        leave.refuse_leave(session, an_actor(session, "head"), 1, revision=1, reason="材料不全", now=NOW + DAY / 24)

    assert "材料不全" in phone.get("/me/leave").text
    sent = phone.post("/me/objections", {"about": "leave_request", "about_id": "1", "text": "材料已交"})
    assert sent.status_code == 303


def test_regular_activity_is_leave_within_its_windows_alone(phone: Phone) -> None:
    with writing(phone.engine) as session:
        permit = session.get_one(LeavePermit, 1)
        permit.windows = [{"start": "08:00", "until": "18:00", "weekdays": [0]}]  # NOW is a Monday, 09:00 in Shanghai

    assert "您现在有外出批准" in phone.get("/me/rules").text
    phone.clock.advance(9 * HOUR)
    assert "您现在有外出批准" not in phone.get("/me/rules").text


PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


def send(phone: Phone, path: str, form: dict[str, str], *papers: tuple[str, bytes, str]) -> Any:
    phone.client.cookies.clear()
    headers = {"Cookie": "corrections_own=own-1", "Origin": HOST}
    return phone.client.post(path, data=form, files=[("papers", paper) for paper in papers], headers=headers)


def test_papers_go_with_what_she_asks_for_and_can_be_added_and_opened(phone: Phone) -> None:
    sent = send(phone, "/me/leave", GONE, ("挂号单.png", PNG, "image/png"))
    more = send(phone, "/me/leave/1/papers", {}, ("病历.pdf", b"%PDF-1.7 %%EOF", "application/pdf"))

    assert (sent.status_code, more.status_code) == (303, 303)
    said = phone.get("/me/leave").text
    assert "挂号单.png" in said
    assert "病历.pdf" in said
    opened = phone.get("/me/papers/1")
    assert opened.content == PNG
    assert opened.headers["content-disposition"].startswith("attachment")
    assert phone.audited("attachment.read") == [("subject", 1)]


def test_a_paper_that_is_not_taken_keeps_what_she_wrote_and_asks_for_nothing(phone: Phone) -> None:
    answer = send(phone, "/me/leave", GONE, ("x.png", b"<html>", "image/png"))

    assert answer.status_code == 422
    assert "看牙" in answer.text
    with reading(phone.engine) as session:
        assert session.get(LeaveRequest, 1) is None


def test_papers_of_somebody_else_are_not_there(phone: Phone) -> None:
    send(phone, "/me/leave", GONE, ("x.png", PNG, "image/png"))

    assert phone.get("/me/papers/1", "own-2").status_code == 404
    assert phone.post("/me/leave/1/papers", {}, "own-2").status_code == 404
