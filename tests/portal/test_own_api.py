"""Her own record over the API: with the token of her link alone, complete, and only hers."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest

from corrections.api.app import create_app
from corrections.settings import Settings
from corrections.settings.portal import Portal
from corrections.store.database import writing
from corrections.store.tables import OwnLink
from tests.portal.phone import HERS, OTHERS, SECRETS, Phone, serving
from tests.review.scene import NOW

READS = [
    "/own", "/own/conditions", "/own/held", "/own/looks", "/own/violations", "/own/measures", "/own/rights", "/own/copy",
    "/own/positions.csv", "/own/positions.geojson", "/own/objections", "/own/leave-requests", "/own/statements",
]  # fmt: skip
FILES = ["/own/attachments/{about}/{about_id}", "/own/attachments/{attachment_id}/content"]  # see test_own_attachments.py
LEAVE = {"destination": "杭州", "reason": "work", "leaves_at": "2026-03-09T08:00:00+08:00", "returns_at": "2026-03-09T20:00:00+08:00"}
WRITES = [
    ("/own/statements", {"text": "当时在医院"}, 201),
    ("/own/attachments/{about}/{about_id}", {}, 422),  # it belongs to nothing that there is
    ("/own/objections", {"about": "other", "text": "不同意"}, 201),
    ("/own/leave-requests", LEAVE, 201),
    ("/own/leave-requests/{request_id}/withdraw", {}, 404),  # there is none yet
    ("/own/leave-requests/{request_id}/reports", {"kind": "departure"}, 404),
    ("/own/notices/{notice_id}/seen", {}, 404),
]


@pytest.mark.parametrize("path", READS)
def test_it_is_hers_alone(phone: Phone, path: str) -> None:
    hers, others = phone.api("GET", path), phone.api("GET", path, "own-2")

    assert (hers.status_code, others.status_code) == (200, 200)
    for secret in SECRETS:
        assert secret not in hers.text
    assert str(HERS[0]) not in others.text
    assert str(OTHERS[0]) not in hers.text


@pytest.mark.parametrize("path", READS)
def test_only_the_token_of_a_link_that_stands_opens_it(small_phone: Phone, path: str) -> None:
    for token in (None, "guess", "liming"):
        answer = small_phone.api("GET", path, token)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")

    with writing(small_phone.engine) as session:
        session.get_one(OwnLink, 1).expires_at = NOW
    answer = small_phone.api("GET", path)
    assert (answer.status_code, answer.json()["code"]) == (401, "link-ended")


@pytest.mark.parametrize(("path", "body", "status"), WRITES)
def test_nobody_else_writes(small_phone: Phone, path: str, body: dict[str, str], status: int) -> None:
    address = re.sub(r"{\w+}", "1", path)
    for token in (None, "guess", "liming"):
        assert small_phone.api("POST", address, token, json=body).status_code == 401
    assert small_phone.api("POST", address, json=body).status_code == status


@pytest.mark.parametrize("path", ["/violations", "/subjects", "/subjects/1", "/subjects/1/position?purpose=x", "/subjects/1/own-links"])
def test_her_token_opens_nothing_of_the_staffs(small_phone: Phone, path: str) -> None:
    assert small_phone.api("GET", path).status_code == 401


def test_every_operation_is_tried_here(small_phone: Phone) -> None:
    paths = create_app(small_phone.engine, Settings()).openapi()["paths"]  # type: ignore[attr-defined]
    hers = {
        (method.upper(), path.removeprefix("/api/v1"))
        for path, operations in paths.items()
        for method in operations
        if path == "/api/v1/own" or path.startswith("/api/v1/own/")
    }

    assert hers == {("GET", path) for path in (*READS, *FILES)} | {("POST", path) for path, _, _ in WRITES}


def test_her_conditions_hold_outlines_and_no_names_of_others(small_phone: Phone) -> None:
    found = small_phone.api("GET", "/own/conditions").json()

    assert [zone["name"] for zone in found["zones"]] == ["城区", "住处", "第一中学", "幸福小区"]
    assert all(zone["outline"]["type"] in ("Polygon", "MultiPolygon") for zone in found["zones"])
    assert found["zones"][1]["windows"] == [{"start": "22:00", "until": "06:00", "weekdays": [0, 1, 2, 3, 4, 5, 6]}]
    assert [ban["zh"] for ban in found["contact_bans"]] == ["不能接近某位受保护的人（200 米以内）。是谁，以给您的决定书为准"]
    assert (found["located"], found["interval_s"], found["leave"][0]["destination"]) == (True, 600, "沈阳")


def test_what_was_found_of_her_is_told_with_its_decision_and_what_is_not_decided_without_a_reason(small_phone: Phone) -> None:
    found = {one["id"]: one for one in small_phone.api("GET", "/own/violations").json()}

    assert set(found) == {1, 2}  # 3 is withheld until it is decided, 4 is another's
    assert (found[1]["decision"], found[1]["decision_reason"], found[1]["reason_zh"]) == ("false_alarm", "手机坏了", "超过 60 分钟没有上报")
    assert (found[2]["decision"], found[2]["reason_zh"]) == (None, "工作人员正在核查这件事，还没有结论。")


def test_what_was_decided_of_a_meeting_does_not_name_the_other(small_phone: Phone) -> None:
    from corrections.store.tables import Violation

    with writing(small_phone.engine) as session:
        violation = session.get_one(Violation, 3)
        violation.review_state, violation.decision, violation.decided_at = "decided", "confirmed", NOW

    found = {one["id"]: one for one in small_phone.api("GET", "/own/violations").json()}
    assert "不能接近的人" in found[3]["reason_zh"]
    assert "S-other" not in json.dumps(found)


def test_what_is_held_is_counted_and_dated(small_phone: Phone) -> None:
    held = {one["kind"]: one for one in small_phone.api("GET", "/own/held").json()}

    expected = {"person": 1, "positions": 1, "violations": 3, "leave_permits": 1, "contact_bans": 1, "log_entries": 1}
    assert {kind: held[kind]["count"] for kind in expected} == expected
    assert held["positions"]["first"] == held["positions"]["last"] == "2026-03-02T00:00:00Z"
    assert held["positions"]["kept_zh"] == "由本局规定，可以问工作人员"


def test_how_long_it_is_kept_is_told_where_the_bureau_decided(small_phone: Phone) -> None:
    settings = Settings(portal=Portal(retention={"positions": {"zh": "一年", "en": "one year"}}))
    with serving(small_phone.engine, settings) as phone:
        held = {one["kind"]: one for one in phone.api("GET", "/own/held").json()}

    assert (held["positions"]["kept_zh"], held["positions"]["kept_en"]) == ("一年", "one year")


def test_looks_at_several_at_once_are_hers_too(small_phone: Phone) -> None:
    looks = small_phone.api("GET", "/own/looks").json()

    assert [(look["role"], look["office"], look["purpose"]) for look in looks] == [
        ("officer", "第0司法所", "每周核查"),
        ("office_head", "第0司法所", "节日点名"),
    ]


def test_her_copy_is_complete_and_says_what_it_leaves_out(small_phone: Phone) -> None:
    copy = small_phone.api("GET", "/own/copy").json()

    assert copy["subject"]["name"] == "对象S1"
    assert {one["id"] for one in copy["violations"]} == {1, 2}
    assert [row["destination"] for row in copy["leave_permits"]] == ["沈阳"]
    assert [(row["kind"], "content" in row) for row in copy["log_entries"]] == [("talk", False)]
    assert len(copy["left_out"]) == 2
    assert not {"credential_hash", "token_hash", "password_hash"} & set(json.dumps(copy).split('"'))
    assert small_phone.audited("own.copy") == [("subject", 1)]
    assert small_phone.api("GET", "/own/looks").json()[0]["what"] == "own.copy"


def test_officers_words_are_in_the_copy_where_the_bureau_says_so(small_phone: Phone) -> None:
    with serving(small_phone.engine, Settings(portal=Portal(copy_log_words=True))) as phone:
        copy = phone.api("GET", "/own/copy").json()

    assert [row["content"] for row in copy["log_entries"]] == ["内部备注"]
    assert len(copy["left_out"]) == 1


def test_her_positions_come_as_csv_and_geojson(small_phone: Phone) -> None:
    rows = list(csv.DictReader(io.StringIO(small_phone.api("GET", "/own/positions.csv").text)))
    features = small_phone.api("GET", "/own/positions.geojson").json()["features"]

    assert [(float(row["lat"]), float(row["lon"]), row["source"]) for row in rows] == [(*HERS, "gps")]
    assert [tuple(feature["geometry"]["coordinates"]) for feature in features] == [(HERS[1], HERS[0])]


def test_so_many_copies_a_day(small_phone: Phone) -> None:
    with serving(small_phone.engine, Settings(portal=Portal(copies_a_day=2))) as phone:
        assert [phone.api("GET", "/own/copy").status_code for _ in range(3)] == [200, 200, 429]
        assert phone.api("GET", "/own/copy", "own-2").status_code == 200
        phone.clock.set(NOW.replace(day=3, hour=2))
        assert phone.api("GET", "/own/positions.csv").status_code == 200


def test_a_visit_is_audited_once_and_not_for_each_request(small_phone: Phone) -> None:
    for path in READS[:5]:
        small_phone.api("GET", path)
    small_phone.get("/me")

    assert small_phone.audited("own.view") == [("subject", 1)]


def test_an_officer_makes_a_link_that_opens_the_page(small_phone: Phone) -> None:
    made = small_phone.api("POST", "/subjects/1/own-links", "liming", json={}).json()

    assert made["address"] == f"http://testserver/me/{made['token']}"
    assert made["qr_svg"].startswith("<svg")
    assert small_phone.get(made["address"].removeprefix("http://testserver"), None).status_code == 303
    assert small_phone.api("GET", "/own").status_code == 401  # the one before has ended
    listed = small_phone.api("GET", "/subjects/1/own-links", "liming").text
    assert made["token"] not in listed
