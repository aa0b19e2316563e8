"""Orders that keep two subjects apart: recorded once, within reach, and ended; and doubts about devices, without positions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from corrections.domain.model import FlagKind
from corrections.store.database import reading, writing
from corrections.store.tables import AuditEvent, ContactBan, DeviceFlag, SubjectState
from tests.api.house import Service
from tests.review.scene import NOW

LATER, END = NOW + timedelta(days=10), NOW + timedelta(days=20)
ORDER = {
    "subject_id": 1, "other_id": 3, "basis": "云刑初 7 号禁止令", "distance_m": 100, "minutes": 30, "valid_from": LATER.isoformat(),
    "valid_until": END.isoformat(),
}  # fmt: skip


def ended(service: Service) -> None:
    """The order that is there already ends now."""
    assert service.post("head", "/contact-bans/1/revoke").status_code == 200


def test_an_order_is_recorded_and_has_both_looked_at_anew(service: Service) -> None:
    ended(service)

    made = service.post(
        "head", "/contact-bans", ORDER | {"valid_from": (NOW - timedelta(days=2)).isoformat(), "valid_until": NOW.isoformat()}
    )

    assert made.status_code == 201
    assert (made.json()["subject_number"], made.json()["other_number"], made.json()["approved_by"]) == ("S1", "S9", "head名")
    with reading(service.engine) as session:
        assert session.get_one(SubjectState, 1).patterns_from == NOW - timedelta(days=2)
        assert session.get_one(SubjectState, 3).patterns_from == NOW - timedelta(days=2)
        told = session.exec(select(AuditEvent.subject_id).where(AuditEvent.action == "contact_ban.impose", AuditEvent.actor != "operator"))
        assert {1, 3} <= set(told)


def test_ending_one_looks_again_from_its_end_on(service: Service) -> None:
    answer = service.post("head", "/contact-bans/1/revoke", {"at": (NOW + timedelta(hours=1)).isoformat()})

    assert answer.json()["revoked_at"] == (NOW + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    again = service.post("head", "/contact-bans/1/revoke")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


def test_two_orders_about_the_same_two_at_one_time_are_refused(service: Service) -> None:
    answer = service.post("head", "/contact-bans", ORDER | {"subject_id": 3, "other_id": 1})

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"other_id": 1}, "other_id"),
        ({"basis": " "}, "basis"),
        ({"distance_m": 5}, "distance_m"),
        ({"minutes": 1}, "minutes"),
        ({"valid_until": NOW.isoformat()}, "valid_until"),
    ],
)
def test_what_no_order_can_say_is_refused_by_name(small_service: Service, change: dict[str, Any], field: str) -> None:
    answer = small_service.post("head", "/contact-bans", ORDER | change)

    assert answer.status_code == 422
    assert field in str(answer.json())


def test_subjects_of_two_offices_are_the_bureau_s_to_keep_apart(service: Service) -> None:
    across = ORDER | {"other_id": 2}

    assert service.post("head", "/contact-bans", across).status_code == 404
    made = service.post("bureau", "/contact-bans", across)
    assert made.status_code == 201
    assert service.post("head", f"/contact-bans/{made.json()['id']}/revoke").status_code == 404


def test_an_office_sees_the_orders_that_bind_its_own(service: Service) -> None:
    service.post("bureau", "/contact-bans", ORDER | {"other_id": 2})

    assert [ban["other_number"] for ban in service.get("liming", "/contact-bans").json()] == ["S2", "S9"]
    assert [ban["subject_number"] for ban in service.get("zhao", "/contact-bans").json()] == ["S1"]
    assert service.get("liming", "/contact-bans", subject_id=3).json()[0]["id"] == 1
    assert service.get("other-bureau", "/contact-bans").json() == []


def test_a_revoked_order_makes_room_for_another(service: Service) -> None:
    ended(service)

    assert service.post("head", "/contact-bans", ORDER).status_code == 201
    with reading(service.engine) as session:
        assert len(session.exec(select(ContactBan)).all()) == 2


def test_doubts_about_devices_are_shown_without_positions(service: Service) -> None:
    detail = {"declared": "WGS84", "looks_like": "GCJ02", "nights": [{"east_m": 500.0}], "zh": "请核对", "en": "Look at its app."}
    with writing(service.engine) as session:
        for kind, until in ((FlagKind.GCJ02_OFFSET, None), (FlagKind.BD09_OFFSET, NOW)):
            session.add(DeviceFlag(device_id=1, subject_id=1, kind=kind.value, since=NOW - timedelta(days=3), until=until, detail=detail))

    (flag,) = service.get("liming", "/faults/device-flags").json()["items"]

    assert (flag["device"], flag["kind"], flag["looks_like"], flag["reason_en"]) == ("P1", "gcj02_offset", "GCJ02", "Look at its app.")
    assert "lat" not in str(flag)
    assert len(service.get("liming", "/faults/device-flags", current=False).json()["items"]) == 2
    assert service.get("zhao", "/faults/device-flags").json()["items"] == []
