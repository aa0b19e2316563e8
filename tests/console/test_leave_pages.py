"""Leave as officers handle it: asked for on a subject's behalf, decided by whom the days say, reported on, signed back in."""

from __future__ import annotations

from typing import Any

import pytest

from corrections.store.database import reading
from corrections.store.tables import LeaveRequest
from tests.console.desk import SQUARE, Desk

ASKED = {
    "subject": "1", "kind": "leave", "reason": "medical", "destination": "省城医院", "leaves_at": "2026-03-06T08:00",
    "returns_at": "2026-03-07T20:00", "details": "复查",
}  # fmt: skip


def request(desk: Desk) -> LeaveRequest:
    with reading(desk.engine) as session:
        found = session.get_one(LeaveRequest, 1)
        session.expunge(found)
        return found


def ask(desk: Desk, **changes: str) -> Any:
    return desk.post("liming", "/console/leave/new", ASKED | changes)


def test_it_is_asked_for_decided_and_reported_on(desk: Desk) -> None:
    assert ask(desk).headers["location"] == "/console/leave/1?done=asked"
    assert "省城医院" in desk.get("head", "/console/leave").text
    approved = desk.post("head", "/console/leave/1/approve", {"revision": "1", "conditions": "每天报告", "note": "同意"})
    left = desk.post("liming", "/console/leave/1/report", {"kind": "underway", "text": "途中"})

    assert (approved.status_code, left.status_code) == (303, 303)
    page = desk.get("liming", "/console/leave/1").text
    for word in ("已批准", "每天报告", "途中", "外出证明"):
        assert word in page


def test_what_cannot_be_taken_keeps_what_was_typed(desk: Desk) -> None:
    answer = ask(desk, returns_at="2026-03-05T08:00")

    assert answer.status_code == 422
    assert "省城医院" in answer.text
    assert "复查" in answer.text


def test_a_refusal_needs_its_reason(desk: Desk) -> None:
    ask(desk)
    answer = desk.post("head", "/console/leave/1/refuse", {"revision": "1", "reason": " "})

    assert answer.status_code == 422
    assert request(desk).state == "requested"
    assert desk.post("head", "/console/leave/1/refuse", {"revision": "1", "reason": "不属正当事由"}).status_code == 303
    assert request(desk).state == "refused"


def test_windows_of_regular_activity_are_read(desk: Desk) -> None:
    hours = {"windows": "1,2,3,4,5 08:00-18:00", "area": SQUARE}
    made = ask(desk, kind="regular", reason="work", returns_at="2026-06-01T18:00", **hours)
    assert made.status_code == 303, made.text

    assert request(desk).windows == [{"start": "08:00", "until": "18:00", "weekdays": [0, 1, 2, 3, 4]}]
    assert ask(desk, kind="regular", windows="weekdays").status_code == 422


@pytest.mark.parametrize(("login", "status"), [("zhao", 404), ("head2", 404), ("auditor", 403), ("bureau", 200)])
def test_an_office_and_a_role_are_the_boundary(desk: Desk, login: str, status: int) -> None:
    ask(desk)

    assert desk.get(login, "/console/leave/1").status_code == status
    assert "省城医院" not in desk.get("zhao", "/console/leave").text


def test_an_officer_does_not_approve(desk: Desk) -> None:
    ask(desk)
    answer = desk.post("wangfang", "/console/leave/1/approve", {"revision": "1"})

    assert answer.status_code == 403
    assert request(desk).state == "requested"


def test_it_speaks_english(desk: Desk) -> None:
    ask(desk)
    page = desk.get("head", "/console/leave/1", language="en").text

    for word in ("Approve", "Who decides", "medical"):
        assert word in page
