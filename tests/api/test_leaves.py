"""Leave over HTTP: asked for, decided, reported on, and the permits that were made on paper."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from sqlmodel import select

from corrections.store.database import reading
from corrections.store.tables import AuditEvent
from tests.api.house import Service
from tests.review.scene import HOUR, MINUTE, NOW

DAY = timedelta(days=1)
PLACE = {"lat": 30.25, "lon": 120.15, "radius_m": 5000, "shape": "circle"}
WAY = {"shape": "corridor", "line": [[120.05, 30.05], [120.15, 30.25]], "half_width_m": 500}


def wanted(**changes: Any) -> dict[str, Any]:
    terms = {"reason": "medical", "destination": "省城医院", "leaves_at": NOW + 4 * DAY, "returns_at": NOW + 6 * DAY} | changes
    return {name: value.isoformat() if name.endswith("_at") else value for name, value in terms.items()}


def test_a_leave_from_asking_to_being_back(service: Service) -> None:
    outline = {"shape": "union", "circles": [PLACE], "corridors": [WAY]}
    today = wanted(outline=outline, leaves_at=NOW + 10 * MINUTE, returns_at=NOW + 8 * HOUR)
    asked = service.post("liming", "/subjects/1/leave-requests", today).json()
    number = asked["id"]
    approved = service.post("head", f"/leave-requests/{number}/approve", {"revision": asked["revision"], "conditions": "每日报告"}).json()
    service.clock.set(NOW + 10 * MINUTE)
    for kind in ("departure", "arrival"):
        service.post("liming", f"/leave-requests/{number}/reports", {"kind": kind})
    away = service.get("liming", "/leave-requests", away=True).json()["items"]
    service.clock.set(NOW + 20 * MINUTE)
    service.post("liming", f"/leave-requests/{number}/reports", {"kind": "return"})
    shown = service.get("liming", f"/leave-requests/{number}").json()

    assert (asked["rank"], asked["days"], asked["late"], asked["outline"]["type"]) == ("office", 1, True, "Polygon")
    assert (approved["state"], approved["conditions"], approved["overdue_at"]) == ("approved", "每日报告", "2026-03-02T09:00:00Z")
    assert [one["id"] for one in away] == [number]
    assert [report["kind"] for report in shown["reports"]] == ["departure", "arrival", "return"]
    assert (shown["returned_at"], shown["overdue_at"]) == ("2026-03-02T01:20:00Z", None)
    assert service.get("liming", "/leave-requests", away=True).json()["items"] == []
    permits = {permit["id"]: permit for permit in service.get("liming", "/subjects/1/leaves").json()}
    assert permits[approved["permit_id"]]["revoked_at"] == "2026-03-02T01:20:00Z"


def test_an_extension_asks_the_level_of_the_whole(small_service: Service) -> None:
    first = small_service.post("liming", "/subjects/1/leave-requests", wanted(returns_at=NOW + 9 * DAY)).json()
    small_service.post("head", f"/leave-requests/{first['id']}/approve", {"revision": 1})
    more = wanted(leaves_at=NOW + 9 * DAY, returns_at=NOW + 12 * DAY, extends=first["id"])

    longer = small_service.post("liming", "/subjects/1/leave-requests", more).json()

    assert (longer["days"], longer["rank"], longer["extends_id"]) == (9, "county", first["id"])
    assert small_service.post("head", f"/leave-requests/{longer['id']}/approve", {"revision": 1}).status_code == 403
    assert small_service.post("bureau", f"/leave-requests/{longer['id']}/approve", {"revision": 1}).json()["state"] == "approved"


def test_what_was_decided_already_is_told(small_service: Service) -> None:
    small_service.post("head", "/leave-requests/1/refuse", {"revision": 1, "reason": "材料不全"})

    again = small_service.post("bureau", "/leave-requests/1/approve", {"revision": 1})

    assert (again.status_code, again.json()["code"]) == (409, "conflict")


def test_requests_are_listed_by_state_and_kind(small_service: Service) -> None:
    hours = [{"start": "22:00", "until": "06:00", "weekdays": [4]}]
    regular = wanted(kind="regular", windows=hours, outline=PLACE, returns_at=NOW + 90 * DAY)
    made = small_service.post("liming", "/subjects/1/leave-requests", regular).json()

    def listed(login: str = "liming", **which: Any) -> list[int]:
        return [one["id"] for one in small_service.get(login, "/leave-requests", **which).json()["items"]]

    assert (made["rank"], made["windows"]) == ("county", hours)
    assert listed() == [made["id"], 1]
    assert listed(kind="regular") == [made["id"]]
    assert listed(state="approved") == []
    assert listed(subject_id=2) == []
    assert listed("zhao") == []


def test_what_is_urgent_says_why(small_service: Service) -> None:
    soon = wanted(leaves_at=NOW + DAY, urgent=True)
    silent = small_service.post("liming", "/subjects/1/leave-requests", soon)
    taken = small_service.post("liming", "/subjects/1/leave-requests", soon | {"details": "母亲病危"})

    assert (silent.status_code, silent.json()["field"]) == (422, "details")
    assert taken.json()["late"] is False


def test_regular_activity_that_was_approved_on_paper_is_recorded_with_its_hours(small_service: Service) -> None:
    hours = [{"start": "07:00", "until": "20:00", "weekdays": [0, 2]}]
    given = {"destination": "邻县", "valid_from": NOW.isoformat(), "valid_until": (NOW + 90 * DAY).isoformat(), "outline": PLACE}

    made = small_service.post("bureau", "/subjects/1/leaves", given | {"windows": hours, "approved_by": "区司法局"}).json()

    assert (made["windows"], made["approved_by"]) == (hours, "区司法局")


def test_the_certificate_comes_as_a_paper_in_the_language_asked_for(small_service: Service) -> None:
    small_service.post("head", "/leave-requests/1/approve", {"revision": 1})

    papers = [small_service.get("liming", "/leave-requests/1/certificate", **which) for which in ({}, {"language": "en"})]

    names = [re.search(r'filename="([^"]*)"', paper.headers["content-disposition"])[1] for paper in papers]
    assert names == ["leave-1-zh.pdf", "leave-1-en.pdf"]
    assert all(paper.headers["content-type"] == "application/pdf" and paper.content.startswith(b"%PDF-") for paper in papers)
    assert small_service.get("liming", "/leave-requests/1/certificate", language="fr").status_code == 422


def test_every_step_is_in_the_audit_trail(small_service: Service) -> None:
    asked = small_service.post("liming", "/subjects/1/leave-requests", wanted()).json()
    small_service.post("head", f"/leave-requests/{asked['id']}/approve", {"revision": 1})

    with reading(small_service.engine) as session:
        steps = [event.action for event in session.exec(select(AuditEvent).order_by(AuditEvent.id)) if event.action.startswith("leave")]
    assert steps[-3:] == ["leave.request", "leave.grant", "leave.approve"]
