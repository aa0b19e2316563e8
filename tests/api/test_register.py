"""The register over HTTP: people, legal bases, devices, leave, staff and files."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest

from tests.api.house import Service
from tests.review.scene import NOW

PERSON = {
    "office_id": 1, "number": "N1", "name": "新来", "category": "probation", "level": "strict",
    "term_from": "2026-03-01T00:00:00+08:00", "term_until": "2027-03-01T00:00:00+08:00",
}  # fmt: skip
BASIS = {"basis": "article26", "valid_from": NOW.isoformat(), "valid_until": "2026-06-01T00:00:00+08:00", "approved_by": "王局长"}


def test_a_person_is_put_on_the_register_made_locatable_and_taken_off(service: Service) -> None:
    created = service.post("head", "/subjects", PERSON)
    place = f"/subjects/{created.json()['id']}"
    basis = service.post("head", f"{place}/authorities", BASIS | {"approved_on": NOW.isoformat()})
    enrolled = service.post("head", f"{place}/devices", {"identifier": "N1-P1", "client": "Traccar Client"})
    ended = service.ask("head", "PUT", f"/api/v1{place}/status", json={"status": "ended", "since": NOW.isoformat()})

    assert (created.status_code, basis.status_code, enrolled.status_code) == (201, 201, 201)
    assert (created.json()["term_from"], created.json()["officer_id"]) == ("2026-02-28T16:00:00Z", None)
    assert len(enrolled.json()["credential"]) == 26
    assert enrolled.json()["credential"] not in service.get("head", f"{place}/devices").text
    assert ended.json()["status"] == "ended"
    assert service.get("head", f"{place}/authorities").json()[0]["revoked_at"] is not None


def test_what_is_left_out_of_a_change_stays(service: Service) -> None:
    answer = service.ask("head", "PATCH", "/api/v1/subjects/1", json={"phone": "13800000000", "officer_id": None})

    assert (answer.json()["phone"], answer.json()["officer_id"], answer.json()["name"]) == ("13800000000", None, "对象S1")


@pytest.mark.parametrize(
    "change", [{"name": None}, {"name": ""}, {"colour": "red"}, {"level": "harsh"}, {"term_until": "2020-01-01T00:00:00Z"}]
)
def test_a_faulty_change_changes_nothing(small_service: Service, change: dict[str, Any]) -> None:
    before = small_service.get("head", "/subjects/1").json()

    answer = small_service.ask("head", "PATCH", "/api/v1/subjects/1", json={"phone": "1"} | change)

    assert (answer.status_code, answer.json()["field"]) == (422, next(iter(change)))
    assert small_service.get("head", "/subjects/1").json() == before


def test_subjects_are_found_by_parts_of_names_and_numbers(service: Service) -> None:
    for number in ("N_1", "N21", "N%1"):
        service.post("head", "/subjects", PERSON | {"number": number})

    def found(**query: Any) -> list[str]:
        return [row["number"] for row in service.get("bureau", "/subjects", **query).json()["items"]]

    assert found(search="N_1") == ["N_1"]
    assert found(search="对象") == ["S1", "S2", "S9"]
    assert found(level="strict") == ["N_1", "N21", "N%1"]
    assert found(office_id=2) == ["S2"]
    assert found(officer_id=1, status="active") == ["S1", "S9"]


def test_lists_come_in_pages(service: Service) -> None:
    for number in range(2):
        service.post("head", "/subjects", PERSON | {"number": f"P{number}"})

    first = service.get("bureau", "/subjects", limit=3).json()
    second = service.get("bureau", "/subjects", limit=3, after=first["after"]).json()

    assert [row["number"] for row in first["items"] + second["items"]] == ["S1", "S2", "S9", "P0", "P1"]
    assert second["after"] is None


def test_a_device_gets_a_new_credential_and_is_ended(service: Service) -> None:
    credentials = [service.post("head", "/devices/1/rotate").json()["credential"] for _ in range(2)]
    changed = service.ask("head", "PATCH", "/api/v1/devices/1", json={"interval_s": 300}).json()
    revoked = service.post("head", "/devices/1/revoke").json()

    assert len(set(credentials)) == 2
    assert (changed["interval_s"], changed["datum"], revoked["active"]) == (300, "WGS84", False)


def test_leave_is_approved_for_a_place_and_ended(service: Service) -> None:
    given = {"destination": "杭州", "valid_from": NOW.isoformat(), "valid_until": "2026-03-04T00:00:00+08:00"}
    circle = {"shape": "circle", "lat": 30.25, "lon": 120.15, "radius_m": 5000}

    granted = service.post("head", "/subjects/1/leaves", given | {"outline": circle}).json()
    ended = service.post("head", f"/leaves/{granted['id']}/revoke", {"at": "2026-03-03T00:00:00+08:00"}).json()

    assert (granted["approved_by"], granted["outline"]["type"]) == ("head名", "Polygon")
    assert ended["revoked_at"] == "2026-03-02T16:00:00Z"
    assert [leave["outline"] is None for leave in service.get("liming", "/subjects/1/leaves").json()] == [False, True]


def test_an_authority_is_ended(service: Service) -> None:
    service.post("bureau", "/authorities/1/revoke")
    again = service.post("bureau", "/authorities/1/revoke")

    assert service.get("liming", "/subjects/1/authorities").json()[0]["revoked_at"] == "2026-03-02T01:00:00Z"
    assert again.status_code == 409


def test_staff_and_offices_are_kept_by_the_administrator(service: Service) -> None:
    office = service.post("admin", "/offices", {"code": "YX9", "name": "新所"}).json()
    officer = service.post("admin", "/officers", {"office_id": office["id"], "login": "new", "name": "新人", "role": "officer"}).json()
    renamed = service.ask("admin", "PUT", f"/api/v1/offices/{office['id']}", json={"name": "改名所"}).json()
    password = service.ask("admin", "PUT", f"/api/v1/officers/{officer['id']}/password", json={"password": "long and 长 enough"})
    logged_in = service.post(None, "/login", {"login": "new", "password": "long and 长 enough"})
    ended = service.post("admin", f"/officers/{officer['id']}/deactivate").json()

    assert renamed["name"] == "改名所"
    assert (password.json(), logged_in.status_code, ended["active"]) == ({"done": True}, 200, False)
    assert service.get(logged_in.json()["token"], "/me").status_code == 401
    assert [row["login"] for row in service.get("admin", "/officers", office_id=office["id"]).json()["items"]] == ["new"]


def test_an_officer_names_her_standing_deputy(service: Service) -> None:
    answer = service.ask("liming", "PATCH", "/api/v1/officers/1", json={"deputy_id": 2}).json()

    assert answer["deputy_id"] == 2
    assert service.ask("liming", "PATCH", "/api/v1/officers/1", json={"role": "bureau"}).status_code == 403


def test_another_system_may_send_reports_until_its_credential_ends(service: Service) -> None:
    made = service.post("admin", "/gateways", {"name": "市局平台"}).json()
    again = service.post("admin", "/gateways", {"name": "市局平台"})
    ended = service.post("admin", f"/gateways/{made['gateway']['id']}/revoke").json()

    assert (len(made["credential"]), again.status_code, ended["active"]) == (26, 409, False)
    assert [(row["name"], row["active"]) for row in service.get("admin", "/gateways").json()] == [("省厅平台", True), ("市局平台", False)]


CSV = "社区矫正对象编号,姓名,矫正类别,管理类别,司法所,矫正起始,矫正截止,设备编号\nN1,甲,缓刑,普管,YX0,2026-03-01,2027-03-01,D1\n"


def imported(service: Service, data: bytes, filename: str, **query: Any) -> Any:
    asked = {"filename": filename} | query
    return service.ask("bureau", "POST", "/api/v1/imports/subjects", content=data, params=asked)


def test_a_register_file_is_tried_and_then_taken_in(service: Service) -> None:
    tried = imported(service, CSV.encode("gb18030"), "名册.csv", dry_run=True).json()
    before = len(service.get("bureau", "/subjects").json()["items"])
    done = imported(service, CSV.encode("gb18030"), "名册.csv").json()

    assert (tried["counts"], tried["credentials"], before) == ({"subjects": 1, "devices": 1}, [], 3)
    assert [(c["device"], c["subject"], len(c["credential"])) for c in done["credentials"]] == [("D1", "N1", 26)]
    assert len(service.get("bureau", "/subjects").json()["items"]) == 4


def test_a_workbook_is_taken_in_too(service: Service) -> None:
    book, file = openpyxl.Workbook(), io.BytesIO()
    for line in CSV.splitlines():
        book.active.append(line.split(","))
    book.save(file)

    assert imported(service, file.getvalue(), "名册.xlsx").json()["counts"] == {"subjects": 1, "devices": 1}


def test_a_faulty_file_is_refused_with_every_fault(service: Service) -> None:
    faulty = CSV + "N2,,缓刑,普管,YX7,2026-03-01,2027-03-01,D1\n"

    answer = imported(service, faulty.encode(), "名册.csv")

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "import-rejected")
    assert {(row["row"], row["field"]) for row in problem["rows"]} == {(3, "name"), (3, "office"), (3, "device")}
    assert len(service.get("bureau", "/subjects").json()["items"]) == 3


def test_an_officer_makes_an_entry_in_the_log(service: Service) -> None:
    service.post("liming", "/subjects/1/log/entries", {"kind": "visit", "content": "家访，情况正常"})

    days = service.get("head", "/subjects/1/log", **{"purpose": "查阅", "from": "2026-03-02", "until": "2026-03-02"}).json()
    page = service.get("head", "/subjects/1/log.html", **{"purpose": "查阅", "from": "2026-03-02", "until": "2026-03-02"})

    assert (days[0]["day"], days[0]["closed"]) == ("2026-03-02", False)
    assert "家访，情况正常" in str(days[0]["log"])
    assert "家访，情况正常" in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'unsafe-inline'")


def test_a_zone_as_wide_as_a_district_fits_into_a_request(small_service: Service) -> None:
    ring = [[120 + 0.1 * i / 60_000, 30 + (i % 2) * 1e-6] for i in range(60_000)]
    outline = {"type": "Polygon", "coordinates": [[*ring, [120.1, 30.1], [120, 30.1], ring[0]]]}
    body = {"code": "大", "name": "大", "kind": "inclusion", "outline": {"shape": "document", "content": outline}}

    answer = small_service.post("bureau", "/zones", body)

    assert answer.status_code == 201
    assert len(str(outline)) > 1_000_000
