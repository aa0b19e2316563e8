"""What a subject says and shows herself, over her own view: hers alone, beside what is hers."""

from __future__ import annotations

import pytest

from tests.portal.phone import Phone

PDF, PNG = b"%PDF-1.7 x", b"\x89PNG\r\n\x1a\n" + b"1" * 20
LEAVE = {"destination": "杭州", "reason": "medical", "leaves_at": "2026-03-09T08:00:00+08:00", "returns_at": "2026-03-09T20:00:00+08:00"}


def test_she_states_her_case_and_adds_a_paper_to_it(phone: Phone) -> None:
    said = phone.api("POST", "/own/statements", json={"text": "当时在医院"}).json()
    sent = {"content": PDF, "params": {"name": "病历.pdf", "note": "急诊"}}
    added = phone.api("POST", f"/own/attachments/statement/{said['id']}", **sent)

    assert (said["means"], said["declined"]) == ("message", False)
    assert (added.status_code, added.json()["added_by"], added.json()["name"]) == (201, None, "病历.pdf")
    listed = phone.api("GET", f"/own/attachments/statement/{said['id']}").json()
    opened = phone.api("GET", f"/own/attachments/{added.json()['id']}/content")
    assert [(one["note"], one["size"], one["media_type"]) for one in listed] == [("急诊", len(PDF), "application/pdf")]
    assert (opened.content, opened.headers["content-disposition"].partition(";")[0]) == (PDF, "attachment")


def test_a_photo_goes_beside_her_request_for_leave(small_phone: Phone) -> None:
    request = small_phone.api("POST", "/own/leave-requests", json=LEAVE).json()

    added = small_phone.api("POST", f"/own/attachments/leave_request/{request['id']}", content=PNG)

    assert (added.status_code, added.json()["about"]) == (201, "leave_request")


@pytest.mark.parametrize("about", ["violation", "search", "check_entry", "leave_request", "statement"])
def test_nobody_attaches_to_what_is_not_hers(small_phone: Phone, about: str) -> None:
    small_phone.api("POST", "/own/leave-requests", json=LEAVE)
    small_phone.api("POST", "/own/statements", json={"text": "当时在医院"})

    answer = small_phone.api("POST", f"/own/attachments/{about}/1", "own-2", content=PNG)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert small_phone.api("GET", f"/own/attachments/{about}/1", "own-2").status_code == 404


def test_another_s_file_is_not_there(small_phone: Phone) -> None:
    small_phone.api("POST", "/own/statements", json={"text": "当时在医院"})
    small_phone.api("POST", "/own/attachments/statement/1", content=PNG)

    assert small_phone.api("GET", "/own/attachments/1/content", "own-2").status_code == 404
    assert small_phone.api("GET", "/own/attachments/1/content", None).status_code == 401
    assert small_phone.api("GET", "/own/attachments/1/content").status_code == 200
