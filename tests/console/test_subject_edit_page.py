"""A subject's register changed, and phones enrolled by a code that their programs open."""

from __future__ import annotations

import base64
import json
import re
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from sqlmodel import select

from corrections.records.enrolment import setups
from corrections.store.credentials import hash_credential
from corrections.store.database import reading
from corrections.store.tables import ContactBan, Device, Subject
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


# ---- put on the register, and kept apart

NEW = {
    "number": "S9", "name": "新人", "phone": "", "category": "parole", "level": "general", "office": "1", "officer": "1",
    "term_from": "2026-03-01", "term_until": "2026-08-31",
}  # fmt: skip


def test_a_person_is_put_on_the_register(desk: Desk) -> None:
    answer = desk.post("head", "/console/subjects/new", NEW)

    assert answer.status_code == 303
    assert "接下来请登记定位依据" in desk.get("head", answer.headers["location"]).text
    with reading(desk.engine) as session:
        made = session.exec(select(Subject).where(Subject.number == "S9")).one()
        assert (made.name, made.category, made.officer_id, made.minor) == ("新人", "parole", 1, False)
        assert (made.term_from.isoformat(), made.term_until.isoformat()) == ("2026-02-28T16:00:00+00:00", "2026-08-31T16:00:00+00:00")


@pytest.mark.parametrize(
    ("login", "change", "status"),
    [
        ("head", {"number": "S1"}, 409), ("head", {"name": " "}, 422), ("head", {"term_until": "2026-02-01"}, 422),
        ("head", {"office": "2"}, 404), ("head", {"term_from": "x"}, 422), ("liming", {}, 403), ("auditor", {}, 403),
    ],
)  # fmt: skip
def test_who_cannot_be_put_on_the_register(desk: Desk, login: str, change: dict[str, str], status: int) -> None:
    answer = desk.post(login, "/console/subjects/new", NEW | {"phone": "13700000000"} | change)

    assert answer.status_code == status
    assert ("13700000000" in answer.text) == (login == "head")
    assert desk.get(login, "/console/subjects/new").status_code == (200 if login == "head" else 403)


def test_two_are_kept_apart_by_the_bureau_until_the_order_is_ended(desk: Desk) -> None:
    order = {
        "do": "ban", "other": "S2", "ban_basis": "禁止令", "distance_m": "200", "minutes": "15", "ban_from": "2026-03-01T00:00",
        "ban_until": "", "ban_by": "法院",
    }  # fmt: skip
    assert desk.post("head", EDIT, order).status_code == 404  # the other is of another office
    refused = desk.post("bureau", EDIT, order | {"distance_m": "1"})
    assert refused.status_code == 422
    assert 'value="法院"' in refused.text
    assert desk.post("bureau", EDIT, order).status_code == 303
    assert "S2" in desk.get("bureau", EDIT).text
    assert desk.post("bureau", EDIT, {"do": "unban", "ban": "1"}).status_code == 303
    with reading(desk.engine) as session:
        assert session.get_one(ContactBan, 1).revoked_at is not None
