"""Notices, and wishes for a fresh fix, over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlmodel import col, delete, select

from corrections.store.database import reading, writing
from corrections.store.tables import AuditEvent, Authority, FixRequest, Notice
from tests.api.house import Service
from tests.review.scene import NOW

PURPOSE = {"purpose": "核实行踪"}


def hers(service: Service) -> Any:
    """The notice for the subject."""
    (notice,) = service.get("liming", "/notices", recipient="subject").json()["items"]
    return notice


def test_notices_wait_until_somebody_says_that_they_were_told(service: Service) -> None:
    notice = hers(service)
    assert (notice["recipient"], notice["kind"], notice["text_zh"], notice["done_at"]) == ("subject", "silence", "请检查手机", None)

    done = service.post("liming", f"/notices/{notice['id']}/done").json()

    assert (done["done_at"], done["done_by"]) == (NOW.isoformat().replace("+00:00", "Z"), service.get("liming", "/me").json()["officer_id"])
    assert service.get("liming", "/notices", recipient="subject").json()["items"] == []
    assert [row["id"] for row in service.get("liming", "/notices", done=True).json()["items"]] == [notice["id"]]


def test_a_notice_is_told_once(service: Service) -> None:
    path = f"/notices/{hers(service)['id']}/done"
    service.post("liming", path)

    answer = service.post("head", path)

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_notices_are_picked_by_recipient_and_subject_and_come_in_pages(service: Service) -> None:
    with writing(service.engine) as session:
        session.execute(delete(Notice).where(col(Notice.recipient) != "subject"))
        for recipient in ("officer", "office_head"):
            session.add(
                Notice(bureau_id=1, office_id=1, subject_id=1, recipient=recipient, kind="search", text_zh="查", text_en="search", at=NOW)
            )

    first = service.get("bureau", "/notices", limit=2).json()
    second = service.get("bureau", "/notices", limit=2, before=first["after"]).json()

    assert [row["recipient"] for row in first["items"] + second["items"]] == ["office_head", "officer", "subject"]
    assert [row["kind"] for row in service.get("head", "/notices", recipient="office_head").json()["items"]] == ["search"]
    assert service.get("bureau", "/notices", subject_id=2).json()["items"] == []


def test_another_office_sees_no_notice(service: Service) -> None:
    assert service.get("zhao", "/notices").json()["items"] == []


def test_an_officer_asks_for_a_fresh_fix_and_says_why(service: Service) -> None:
    asked = service.post("liming", "/subjects/1/fix-requests", PURPOSE)

    assert asked.status_code == 201
    assert (asked.json()["reason"], asked.json()["told_at"]) == ("officer", None)
    assert service.get("liming", "/subjects/1/fix-requests").json() == [asked.json()]
    with reading(service.engine) as session:
        event = session.exec(select(AuditEvent).order_by(col(AuditEvent.id).desc())).first()
        assert event is not None
        assert (event.action, event.subject_id, event.purpose) == ("fix.request", 1, "核实行踪")


def test_a_fix_is_not_asked_for_twice(service: Service) -> None:
    service.post("liming", "/subjects/1/fix-requests", PURPOSE)

    answer = service.post("head", "/subjects/1/fix-requests", PURPOSE)

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    with reading(service.engine) as session:
        assert len(session.exec(select(FixRequest).where(FixRequest.asked_at == NOW)).all()) == 1


def test_without_a_purpose_nobody_is_asked(service: Service) -> None:
    for body in ({}, {"purpose": ""}, {"purpose": "  "}):
        assert service.post("liming", "/subjects/1/fix-requests", body).status_code == 422


def test_without_authority_nobody_is_asked(service: Service) -> None:
    with writing(service.engine) as session:
        session.get_one(Authority, 1).revoked_at = NOW - timedelta(minutes=1)

    answer = service.post("liming", "/subjects/1/fix-requests", PURPOSE)

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
