"""Attachments, statements, proposals, measures, papers and figures over the API."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from corrections.store.database import reading
from corrections.store.tables import AuditEvent
from tests.api.house import PHOTO, SETTINGS, Service

PDF = b"%PDF-1.7 x"
OUTCOME = {"granted": True, "decided_on": "2026-03-02", "decided_by": "区局", "document": "警1号"}


def upload(service: Service, content: bytes, media_type: str, about: str = "violation/1", **query: str) -> Any:
    headers = {"Content-Type": media_type}
    return service.ask("liming", "POST", f"/api/v1/attachments/{about}", content=content, params=query, headers=headers)


def audited(service: Service, action: str) -> int:
    with reading(service.engine) as session:
        return len(session.exec(select(AuditEvent).where(AuditEvent.action == action)).all())


def test_a_document_goes_up_and_comes_down_as_a_file_to_save(service: Service) -> None:
    made = upload(service, PDF, "application/pdf", name="../诊断 证明.pdf", note="复印件")
    opened = service.get("head", f"/attachments/{made.json()['id']}/content")

    assert (made.status_code, made.json()["name"], made.json()["note"]) == (201, "诊断 证明.pdf", "复印件")
    assert (opened.content, opened.headers["content-type"]) == (PDF, "application/pdf")
    assert opened.headers["x-content-type-options"] == "nosniff"
    assert opened.headers["content-disposition"] == (
        "attachment; filename=\"__ __.pdf\"; filename*=UTF-8''%E8%AF%8A%E6%96%AD%20%E8%AF%81%E6%98%8E.pdf"
    )
    assert audited(service, "attachment.read") == 1
    history = service.get("liming", "/violations/1/history").json()
    assert history[-1]["kind"] == "attached"


def test_every_kind_of_thing_takes_attachments(small_service: Service) -> None:
    for about in ("violation/1", "statement/1", "leave_request/1", "search/1"):
        assert upload(small_service, PDF, "application/pdf", about).status_code == 201
    listed = small_service.get("liming", "/attachments/violation/1").json()
    assert [(one["media_type"], one["size"]) for one in listed] == [("image/png", len(PHOTO)), ("application/pdf", len(PDF))]


@pytest.mark.parametrize(
    ("content", "media_type", "status", "field"),
    [
        (b"<html>", "text/html", 422, "content"),
        (PDF, "image/png", 422, "content_type"),
        (b"", "image/png", 422, "content"),
        (PDF + b"x" * SETTINGS.attachments.most_bytes, "application/pdf", 422, "content"),
        (PDF + b"x" * (SETTINGS.attachments.most_bytes + 1_000_000), "application/pdf", 413, None),
    ],
)
def test_what_is_not_taken_is_told_with_its_field(
    small_service: Service, content: bytes, media_type: str, status: int, field: str | None
) -> None:
    answer = upload(small_service, content, media_type)

    assert answer.status_code == status
    if field:
        assert answer.json()["field"] == field


def test_a_warning_from_statement_to_measure(service: Service) -> None:
    said = service.post("liming", "/subjects/3/statements", {"means": "visit", "text": "不陈述", "declined": True}).json()
    body = {"measure": "warning", "ground": "warning.rules", "facts": "未经批准外出"}
    refused = service.post("liming", "/subjects/3/proposals", body)
    made = service.post("liming", "/subjects/3/proposals", body | {"statement_id": said["id"]}).json()
    seconded = service.post("head", f"/proposals/{made['id']}/second", {"revision": 1, "agree": True}).json()
    granted = service.post("head", f"/proposals/{made['id']}/outcome", OUTCOME | {"revision": 2}).json()

    assert (refused.status_code, refused.json()["field"]) == (422, "statement_id")
    assert (made["state"], seconded["state"], granted["state"]) == ("proposed", "seconded", "granted")
    measure = service.get("liming", f"/measures/{granted['measure_id']}").json()
    assert (measure["kind"], measure["proposal_id"], measure["document"]) == ("warning", made["id"], "警1号")
    options = service.get("liming", "/subjects/3/measure-options").json()
    assert options["counts"] == {"warning": 1}
    assert [one["ground"] for one in options["options"] if one["fits"]] == []
    assert service.post("bureau", f"/measures/{measure['id']}/revoke", {"reason": "有误"}).json()["revoked_reason"] == "有误"
    assert service.get("liming", "/subjects/3/measure-options").json()["counts"] == {}


def test_nobody_seconds_her_own(service: Service) -> None:
    body = {"measure": "warning", "ground": "warning.rules", "facts": "未经批准外出"}
    said = service.post("head", "/subjects/3/statements", {"means": "visit", "text": "在家"}).json()
    made = service.post("head", "/subjects/3/proposals", body | {"statement_id": said["id"]}).json()

    assert service.post("head", f"/proposals/{made['id']}/second", {"revision": 1, "agree": True}).status_code == 403
    assert service.post("bureau", f"/proposals/{made['id']}/second", {"revision": 1, "agree": True}).status_code == 200


def test_the_papers_are_pdf_files_and_fetching_them_is_audited(small_service: Service) -> None:
    for path, name in (("/proposals/1/paper", "proposal-1"), ("/measures/1/paper", "measure-1")):
        for language in ("zh", "en"):
            answer = small_service.get("liming", path, language=language)
            assert answer.content.startswith(b"%PDF-")
            assert f'filename="{name}-{language}.pdf"' in answer.headers["content-disposition"]

    assert (audited(small_service, "proposal.paper"), audited(small_service, "measure.paper")) == (2, 2)


def test_false_alarms_are_counted_by_rule(service: Service) -> None:
    service.post("liming", "/violations/1/claim", {"revision": 1})
    decided = {"revision": 2, "decision": "false_alarm", "cause": "device_fault", "reason": "手机坏了"}
    assert service.post("liming", "/violations/1/decide", decided).status_code == 200

    found = service.get("head", "/figures/false-alarms", **{"from": "2026-03-02", "until": "2026-03-02"}).json()

    assert [(row["key"], row["share"], row["causes"], row["remark"]) for row in found["by_rule"]] == [
        ("silence", 1.0, {"device_fault": 1}, None)
    ]
    assert (found["total"]["decided"], found["by_zone"]) == (1, [])


def test_lists_are_paged_and_filtered(small_service: Service) -> None:
    small_service.post("head", "/subjects/1/measures", {"kind": "commendation"} | {k: v for k, v in OUTCOME.items() if k != "granted"})

    newest = small_service.get("liming", "/measures", limit=1).json()
    rest = small_service.get("liming", "/measures", before=newest["after"]).json()

    assert ([one["kind"] for one in newest["items"]], [one["kind"] for one in rest["items"]]) == (["commendation"], ["admonition"])
    assert small_service.get("liming", "/measures", in_force=False).json()["items"] == []
    assert len(small_service.get("liming", "/proposals", state="proposed", subject_id=1).json()["items"]) == 1
    assert len(small_service.get("liming", "/subjects/1/statements", violation_id=1).json()["items"]) == 0
