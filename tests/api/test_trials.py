"""Explanations and trials over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import col, select

from corrections.monitor.evaluate import evaluate
from corrections.store.database import reading, writing
from corrections.store.tables import AuditEvent
from tests.api.house import HOME, SETTINGS, SQUARE, Service, a_report
from tests.review.scene import NOW

AWAY = (30.3, 120.05)
WIDER = "POLYGON((119 29, 121 29, 121 31, 119 31, 119 29))"
PURPOSE = "出庭作证"


@pytest.fixture
def breach(service: Service) -> Service:
    """Subject 1 was outside zone 1 from 30 to 130 minutes before NOW; violation 2."""
    with writing(service.engine) as session:
        for i in range(16):
            a_report(session, -150 + 10 * i, AWAY if 2 <= i < 12 else HOME)
    evaluate(service.engine, SETTINGS, NOW)
    return service


def boundary_id(service: Service) -> int:
    (found,) = (item["id"] for item in service.get("liming", "/violations").json()["items"] if item["rule"] == "boundary")
    return int(found)


def a_draft(outline: str = WIDER, **terms: Any) -> dict[str, Any]:
    drawn = {"shape": "document", "content": outline}
    return {"code": "全市", "name": "全市", "kind": "inclusion", "severity": "medium", "outline": drawn} | terms


def test_a_violation_is_explained_for_a_purpose_that_is_recorded(breach: Service) -> None:
    answer = breach.get("liming", f"/violations/{boundary_id(breach)}/explanation", purpose=PURPOSE)

    told = answer.json()
    assert (answer.status_code, told["verdict"], told["agrees"], told["differences"]) == (200, "identical", True, [])
    assert "全市" in told["paragraph_zh"]
    assert "for an officer to decide" in told["paragraph_en"]
    assert (told["zone"]["version"], told["zone"]["code"]) == (1, "全市")
    with reading(breach.engine) as session:
        event = session.exec(select(AuditEvent).order_by(col(AuditEvent.id).desc())).first()
        assert (event.action, event.actor, event.subject_id, event.purpose) == ("location.read", "liming名", 1, PURPOSE)


def test_one_that_cannot_be_derived_again_says_why(service: Service) -> None:
    told = service.get("liming", "/violations/1/explanation", purpose=PURPOSE).json()

    assert (told["verdict"], told["agrees"]) == ("impossible", False)
    assert told["why_zh"]
    assert told["why_en"]


def test_without_a_purpose_nothing_is_explained(service: Service) -> None:
    assert service.get("liming", "/violations/1/explanation").status_code == 422


def test_a_draft_is_tried_and_tells_what_would_change(breach: Service) -> None:
    wider = breach.post("head", "/trials", {"purpose": "试行", "zones": [a_draft(scope="office", office_id=1)]}).json()
    same = breach.post("bureau", "/trials", {"purpose": "试行", "days": 3, "zones": [a_draft(SQUARE)]}).json()

    ((subject),) = wider["subjects"]
    assert (subject["number"], [one["change"] for one in subject["found"]]) == ("S1", ["gone"])
    assert subject["found"][0]["violation_id"] == boundary_id(breach)
    assert (wider["present"], wider["draft"], wider["gone"]) == (1, 0, 1)
    assert "取消 1 条" in wider["summary_zh"]
    assert "1 gone" in wider["summary_en"]
    assert (same["subjects"], same["same"]) == ([], 1)
    assert len(breach.get("bureau", "/zones").json()["items"]) == 2


def test_changed_settings_are_tried(breach: Service) -> None:
    told = breach.post("bureau", "/trials", {"purpose": "试行", "settings": {"boundary.preset": "prompt", "floor_cell_m": 1500}}).json()

    assert (told["present"], told["same"], told["new"], told["gone"]) == (1, 1, 0, 0)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"purpose": "x"}, "zones"),
        ({"purpose": "x", "zones": [a_draft()], "settings": {"preset": "calm"}}, "zones"),
        ({"purpose": "x", "settings": {"loudness": 3}}, "loudness"),
        ({"purpose": "x", "settings": {"preset": "loud"}}, "preset"),
        ({"settings": {"preset": "calm"}}, "purpose"),
        ({"purpose": "x", "days": 1000, "settings": {"preset": "calm"}}, "days"),
    ],
)
def test_input_at_fault_is_told(service: Service, body: dict[str, Any], field: str) -> None:
    answer = service.post("bureau", "/trials", body)

    assert answer.status_code == 422
    assert field in answer.text
