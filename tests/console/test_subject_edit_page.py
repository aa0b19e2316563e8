"""A subject's register changed, and phones enrolled by a code that their programs open."""

from __future__ import annotations

import base64
import json
import re
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from corrections.records.enrolment import setups
from corrections.store.credentials import hash_credential
from corrections.store.database import reading
from corrections.store.tables import Device, Subject
from tests.console.desk import Desk

EDIT = "/console/subjects/1/edit"
TERMS = {"name": "新名", "phone": "13900000000", "category": "probation", "level": "strict", "office": "1", "officer": "2"}


def subject(desk: Desk) -> Subject:
    with reading(desk.engine) as session:
        found = session.get_one(Subject, 1)
        session.expunge(found)
        return found


def test_who_she_is_is_changed(desk: Desk) -> None:
    assert desk.post("head", EDIT, TERMS).status_code == 303
    assert (subject(desk).name, subject(desk).level, subject(desk).officer_id) == ("新名", "strict", 2)
    assert "新名" in desk.get("head", EDIT).text


@pytest.mark.parametrize("change", [{"name": " "}, {"level": "none"}, {"office": "99"}])
def test_what_cannot_be_keeps_what_was_typed(desk: Desk, change: dict[str, str]) -> None:
    answer = desk.post("head", EDIT, TERMS | change)

    assert answer.status_code in (403, 404, 422)
    assert "13900000000" in answer.text
    assert subject(desk).name == "对象S1"


@pytest.mark.parametrize(("login", "status"), [("liming", 403), ("head2", 404), ("auditor", 403), ("admin", 200), ("bureau", 200)])
def test_an_office_and_a_role_are_the_boundary(desk: Desk, login: str, status: int) -> None:
    assert desk.get(login, EDIT).status_code == status


def test_a_status_and_a_legal_basis_are_recorded_and_ended(desk: Desk) -> None:
    basis = {
        "basis": "article26",
        "valid_from": "2026-03-02T00:00",
        "valid_until": "2026-05-01T00:00",
        "approved_by": "局长",
        "approved_on": "2026-03-01",
    }
    assert desk.post("head", EDIT, basis | {"do": "authority"}).status_code == 303
    assert desk.post("head", EDIT, {"do": "revoke", "authority": "1"}).status_code == 303
    assert desk.post("head", EDIT, {"do": "status", "status": "custody"}).status_code == 303
    assert subject(desk).status == "custody"


def test_a_phone_is_enrolled_and_its_credential_shown_once(desk: Desk) -> None:
    sheet = desk.post(
        "head", "/console/subjects/1/devices", {"identifier": "P-9", "client": "Traccar Client 10", "interval_s": "600", "datum": "WGS84"}
    )

    credential = re.search(r"<dt>设备标识</dt><dd><code>([^<]+)</code>", sheet.text)[1]
    with reading(desk.engine) as session:
        device = session.get_one(Device, 2)
        assert (device.identifier, device.credential_hash) == ("P-9", hash_credential(credential))
    assert sheet.text.count("<svg") >= 2
    assert sheet.headers["cache-control"] == "no-store"
    assert credential not in desk.get("head", EDIT).text


def test_a_credential_is_renewed_and_a_phone_ended(desk: Desk) -> None:
    renewed = desk.post("head", "/console/subjects/1/devices", {"rotate": "1"})
    ended = desk.post("head", "/console/subjects/1/devices", {"revoke": "1"})

    assert "只显示这一次" in renewed.text
    assert ended.status_code == 303
    with reading(desk.engine) as session:
        assert not session.get_one(Device, 1).active


def test_traccar_client_is_set_up_by_an_address() -> None:
    traccar = setups("https://jz.example", "P-1", "secret+/=", 600)[0]
    address = urlsplit(traccar.address)

    assert f"{address.scheme}://{address.netloc}{address.path}" == "https://jz.example/ingest/osmand"
    assert parse_qs(address.query)["id"] == ["secret+/="]
    assert parse_qs(address.query)["interval"] == ["600"]


def test_owntracks_is_set_up_by_a_configuration_in_its_address() -> None:
    owntracks = setups("https://jz.example", "P-1", "secret", 600)[1]
    inline = unquote(owntracks.address.removeprefix("owntracks:///config?inline="))
    told = json.loads(base64.b64decode(inline))

    assert (told["_type"], told["mode"], told["url"]) == ("configuration", 3, "https://jz.example/ingest/owntracks")
    assert (told["username"], told["password"], told["auth"]) == ("P-1", "secret", True)
