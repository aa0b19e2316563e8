"""Every operation of the service: who may, who may not, and what lies beyond an office. A new one without a row here fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import Engine

from corrections.api.app import create_app
from corrections.domain.model import Role
from corrections.store.database import open_database
from tests.api.house import SETTINGS, SQUARE, Service, found, serving
from tests.conftest import Databases
from tests.review.scene import NOW

O, H, B, A, K = Role.OFFICER, Role.OFFICE_HEAD, Role.BUREAU, Role.AUDITOR, Role.ADMINISTRATOR  # noqa: E741
STAFF, HEADS, KEEPERS, READERS, EVERYBODY = {O, H, B}, {H, B}, {H, B, K}, {O, H, B, K}, {O, H, B, A, K}
LOGINS = {O: "liming", H: "head", B: "bureau", A: "auditor", K: "admin"}
OTHER_OFFICE = {O: "zhao", H: "head2"}
PURPOSE = {"purpose": "核查"}
DAYS = PURPOSE | {"from": "2026-03-01", "until": "2026-03-02"}
DAY = {"from": "2026-03-01T00:00:00Z", "until": "2026-03-02T00:00:00Z"}
SPAN = PURPOSE | {"from": "2026-03-01T00:00:00Z", "until": "2026-03-02T00:00:00Z"}
OUTLINE = {"shape": "document", "content": SQUARE}
LATER = "2026-04-02T09:00:00+08:00"
SEEN = {"revision": 1}


@dataclass(frozen=True)
class Case:
    """An operation as it would succeed, and for whom. ``elsewhere`` is what somebody of the right role in another office is told: by
    itself that nothing is there. ``clean`` is whether it succeeds as it stands (else the state speaks against it, a 409)."""

    operation: str
    by: set[Role]
    body: Any = None
    query: dict[str, Any] = field(default_factory=dict)
    ids: dict[str, Any] = field(default_factory=dict)
    elsewhere: int = 404
    clean: bool = True

    @property
    def method(self) -> str:
        return self.operation.partition(" ")[0]

    @property
    def template(self) -> str:
        return self.operation.partition(" ")[2]

    @property
    def path(self) -> str:
        return "/api/v1" + re.sub(r"{(\w+)}", lambda found: str(self.ids.get(found[1], 1)), self.template)

    @property
    def has_id(self) -> bool:
        return "_id}" in self.template


CASES = [
    Case("POST /logout", EVERYBODY),
    Case("GET /me", EVERYBODY),
    Case("GET /violations", STAFF),
    Case("GET /violations/{violation_id}", STAFF),
    Case("GET /violations/{violation_id}/evidence", STAFF, query=PURPOSE),
    Case("GET /violations/{violation_id}/explanation", STAFF, query=PURPOSE),
    Case("GET /violations/{violation_id}/history", STAFF),
    Case("POST /violations/{violation_id}/claim", STAFF, SEEN),
    Case("POST /violations/{violation_id}/release", STAFF, SEEN, clean=False),
    Case("POST /violations/{violation_id}/note", STAFF, SEEN | {"text": "已看"}),
    Case(
        "POST /violations/{violation_id}/contact", STAFF, SEEN | {"means": "phone", "whom": "本人", "answer": "reached", "text": "在家"}
    ),
    Case("POST /violations/{violation_id}/hand-over", STAFF, SEEN | {"to": 2, "reason": "出差"}),
    Case("POST /violations/{violation_id}/watch", STAFF),
    Case("POST /violations/{violation_id}/unwatch", STAFF),
    Case("GET /matters", STAFF),
    Case("GET /matters/{matter_id}", STAFF),
    Case("POST /matters/{matter_id}/claim", STAFF, {"revisions": {"1": 1}}),
    Case(
        "POST /matters/{matter_id}/contact", STAFF,
        {"revisions": {"1": 1}, "means": "phone", "whom": "本人", "answer": "reached", "text": "在家"},
    ),
    Case("POST /matters/{matter_id}/hand-over", STAFF, {"revisions": {"1": 1}, "to": 2, "reason": "出差"}),
    Case("GET /absences", READERS, query=DAY),
    Case("POST /absences", {H, B, K}, {"officer_id": 2, "starts_at": NOW.isoformat(), "ends_at": LATER}),
    Case("POST /absences/{absence_id}/end", {H, B, K}, elsewhere=403),
    Case("GET /duties", READERS, query=DAY),
    Case("GET /duties/now", READERS),
    Case("POST /duties", {H, B, K}, {"officer_id": 2, "office_id": 1, "starts_at": NOW.isoformat(), "ends_at": "2026-03-03T00:00:00Z"}),
    Case(
        "POST /duties/import", {H, B, K}, "officer,from,until,office\nwangfang,2026-03-02 17:30,2026-03-03 08:30,YX0\n",
    ),
    Case("POST /duties/{duty_id}/cancel", {H, B, K}, elsewhere=403),
    Case("POST /violations/{violation_id}/decide", STAFF, SEEN | {"decision": "confirmed", "reason": "属实"}, clean=False),
    Case("POST /violations/{violation_id}/reopen", HEADS, SEEN | {"reason": "有新情况"}, clean=False),
    Case("GET /subjects", READERS),
    Case(
        "POST /subjects", KEEPERS,
        {"office_id": 1, "number": "N1", "name": "新", "category": "parole", "level": "strict", "term_from": "2026-03-01T00:00:00Z",
         "term_until": LATER},
    ),
    Case("GET /subjects/{subject_id}", READERS),
    Case("PATCH /subjects/{subject_id}", KEEPERS, {"phone": "13800000000"}),
    Case("PUT /subjects/{subject_id}/status", KEEPERS, {"status": "custody", "since": NOW.isoformat()}),
    Case("GET /subjects/{subject_id}/position", STAFF, query=PURPOSE),
    Case("GET /subjects/{subject_id}/track", STAFF, query=SPAN),
    Case("GET /notices", STAFF),
    Case("POST /notices/{notice_id}/done", STAFF),
    Case("POST /subjects/{subject_id}/fix-requests", STAFF, PURPOSE),
    Case("GET /subjects/{subject_id}/fix-requests", STAFF),
    Case("GET /subjects/{subject_id}/present", STAFF),
    Case("GET /subjects/{subject_id}/log", STAFF, query=DAYS),
    Case("GET /subjects/{subject_id}/log.html", STAFF, query=DAYS),
    Case("POST /subjects/{subject_id}/log/entries", STAFF, {"kind": "visit", "content": "家访"}),
    Case("GET /subjects/{subject_id}/authorities", READERS),
    Case(
        "POST /subjects/{subject_id}/authorities", KEEPERS,
        {"basis": "article26", "valid_from": NOW.isoformat(), "valid_until": LATER, "approved_by": "王", "approved_on": NOW.isoformat()},
    ),
    Case("POST /authorities/{authority_id}/revoke", KEEPERS),
    Case("GET /subjects/{subject_id}/devices", READERS),
    Case("POST /subjects/{subject_id}/devices", KEEPERS, {"identifier": "P2"}),
    Case("PATCH /devices/{device_id}", KEEPERS, {"interval_s": 300}),
    Case("POST /devices/{device_id}/rotate", KEEPERS),
    Case("POST /devices/{device_id}/revoke", KEEPERS),
    Case("GET /subjects/{subject_id}/leaves", READERS),
    Case("POST /subjects/{subject_id}/leaves", HEADS, {"destination": "宁波", "valid_from": NOW.isoformat(), "valid_until": LATER}),
    Case("POST /leaves/{leave_id}/revoke", HEADS),
    Case("GET /leave-requests", READERS),
    Case(
        "POST /subjects/{subject_id}/leave-requests", STAFF,
        {"reason": "medical", "destination": "宁波", "leaves_at": NOW.isoformat(), "returns_at": LATER},
    ),
    Case("GET /leave-requests/{request_id}", READERS),
    Case("POST /leave-requests/{request_id}/approve", HEADS, SEEN),
    Case("POST /leave-requests/{request_id}/refuse", HEADS, SEEN | {"reason": "材料不全"}),
    Case("POST /leave-requests/{request_id}/withdraw", STAFF),
    Case("POST /leave-requests/{request_id}/reports", STAFF, {"kind": "departure"}, clean=False),
    Case("GET /leave-requests/{request_id}/certificate", STAFF, clean=False),
    Case("GET /channels", EVERYBODY),
    Case("POST /channels/{name}/test", EVERYBODY, ids={"name": "mail"}, clean=False),  # nobody has an address on it
    Case("GET /officers/{officer_id}/addresses", {O, K}, elsewhere=403),
    Case("PUT /officers/{officer_id}/addresses", {O, K}, {"addresses": {}}, elsewhere=403),
    Case("GET /outbox", EVERYBODY),
    Case("POST /outbox/{message_id}/retry", {B, K}),
    Case("GET /clocks", STAFF),
    Case("GET /clocks/{clock_id}", STAFF),
    Case("GET /subjects/{subject_id}/clocks/proposed", STAFF, query={"kind": "out_of_contact"}),
    Case("POST /subjects/{subject_id}/clocks", STAFF, {"kind": "reporting_in", "starts_at": NOW.isoformat(), "basis": "判决生效"}),
    Case("POST /clocks/{clock_id}/change-start", STAFF, {"starts_at": NOW.isoformat(), "reason": "邻居当日见过"}),
    Case("POST /clocks/{clock_id}/end", STAFF, {"note": "本人来所"}),
    Case("GET /searches", STAFF),
    Case("GET /searches/{search_id}", STAFF),
    Case("POST /subjects/{subject_id}/searches", STAFF, {"reason": "电话不通"}, ids={"subject_id": 3}),
    Case("POST /searches/{search_id}/steps", STAFF, {"kind": "phone", "text": "无人接听"}),
    Case("POST /searches/{search_id}/close", STAFF, {"outcome": "found", "note": "在亲戚家"}),
    Case("GET /agenda", STAFF),
    Case("GET /subjects/{subject_id}/agenda", STAFF),
    Case("GET /contact-bans", READERS),
    Case(
        "POST /contact-bans", KEEPERS,
        {"subject_id": 3, "other_id": 1, "basis": "禁止令", "distance_m": 50, "minutes": 30, "valid_from": "2026-01-01T00:00:00Z",
         "valid_until": "2026-02-01T00:00:00Z"},
    ),
    Case("POST /contact-bans/{ban_id}/revoke", KEEPERS),
    Case("GET /zones", READERS),
    Case("GET /zones/{zone_id}", READERS, ids={"zone_id": 2}),
    Case("GET /zones/{zone_id}/versions/{version}/outline", READERS, ids={"zone_id": 2}),
    Case("GET /zones/{zone_id}/neighbours", READERS, ids={"zone_id": 2}),
    Case(
        "POST /zones", KEEPERS, {"code": "新", "name": "新", "kind": "exclusion", "scope": "office", "office_id": 1, "outline": OUTLINE}
    ),
    Case(
        "POST /zones/import", KEEPERS,
        {"content": {"type": "FeatureCollection", "features": [{
            "type": "Feature", "properties": {"zone": "文件", "kind": "exclusion", "office": "YX0"},
            "geometry": {"type": "Polygon", "coordinates": [[[120, 30], [120.1, 30], [120.1, 30.1], [120, 30]]]},
        }]}},
    ),
    Case(
        "POST /trials", HEADS,
        {"purpose": "试行", "zones": [
            {"code": "新", "name": "新", "kind": "exclusion", "scope": "office", "office_id": 1, "outline": OUTLINE},
        ]},
    ),
    Case("POST /zones/{zone_id}/retire", KEEPERS, ids={"zone_id": 2}),
    Case("GET /offices", READERS),
    Case("POST /offices", {B, K}, {"code": "YX9", "name": "新所"}),
    Case("PUT /offices/{office_id}", {B, K}, {"name": "改名"}),
    Case("GET /officers", READERS),
    Case("POST /officers", {K}, {"office_id": 1, "login": "new", "name": "新", "role": "officer"}),
    Case("GET /officers/{officer_id}", READERS, elsewhere=200),
    Case("PATCH /officers/{officer_id}", READERS, {"deputy_id": 2}, elsewhere=403),
    Case("POST /officers/{officer_id}/deactivate", {K}, ids={"officer_id": 2}),
    Case("PUT /officers/{officer_id}/password", {K}, {"password": "long and 长 enough"}, ids={"officer_id": 2}),
    Case("GET /gateways", {K}),
    Case("POST /gateways", {K}, {"name": "市局平台"}),
    Case("POST /gateways/{gateway_id}/revoke", {K}),
    Case("POST /imports/{kind}", KEEPERS, "number,device\nS1,P9\n", ids={"kind": "devices"}),
    Case("GET /faults/set-aside", READERS),
    Case("GET /faults/set-aside/count", READERS),
    Case("GET /faults/set-aside/{set_aside_id}", STAFF, query=PURPOSE),
    Case("GET /faults/subjects", READERS),
    Case("POST /faults/subjects/{subject_id}/retry", READERS),
    Case("GET /faults/outages", READERS),
    Case("GET /faults/area-silences", READERS),
    Case("GET /faults/device-flags", READERS),
    Case("GET /monitor", READERS),
    Case("GET /subjects/{subject_id}/own-links", STAFF),
    Case("POST /subjects/{subject_id}/own-links", STAFF),
    Case("POST /own-links/{link_id}/revoke", STAFF),
    Case("GET /subjects/{subject_id}/statements", STAFF),
    Case("POST /subjects/{subject_id}/statements", STAFF, {"means": "phone", "text": "当时在家"}),
    Case("GET /statements/{statement_id}", STAFF),
    Case("GET /subjects/{subject_id}/measure-options", STAFF),
    Case("GET /proposals", STAFF),
    Case("GET /proposals/{proposal_id}", STAFF),
    Case("GET /proposals/{proposal_id}/paper", STAFF, query={"language": "zh"}),
    Case(
        "POST /subjects/{subject_id}/proposals", STAFF,
        {"measure": "admonition", "ground": "admonition.rules", "facts": "未经批准外出"}, ids={"subject_id": 3},
    ),
    Case("POST /proposals/{proposal_id}/second", HEADS, SEEN | {"agree": True}),
    Case("POST /proposals/{proposal_id}/withdraw", STAFF, SEEN | {"reason": "误提"}),
    Case(
        "POST /proposals/{proposal_id}/outcome", HEADS,
        SEEN | {"granted": True, "decided_on": "2026-03-02", "decided_by": "区局", "document": "1号"}, clean=False,
    ),
    Case("GET /measures", STAFF),
    Case("GET /measures/{measure_id}", STAFF),
    Case("GET /measures/{measure_id}/paper", STAFF, query={"language": "en"}),
    Case(
        "POST /subjects/{subject_id}/measures", HEADS,
        {"kind": "warning", "decided_on": "2026-03-01", "decided_by": "区局", "document": "警1号"},
    ),
    Case("POST /measures/{measure_id}/revoke", HEADS, {"reason": "复核有误"}),
    Case("GET /attachments/{attachment_id}/content", STAFF),
    Case("GET /attachments/{about}/{about_id}", STAFF, ids={"about": "violation"}),
    Case("POST /attachments/{about}/{about_id}", STAFF, "%PDF-1.7", ids={"about": "violation"}),
    Case("GET /figures/false-alarms", STAFF, query={"from": "2026-03-01", "until": "2026-03-02"}),
    Case("GET /objections", STAFF),
    Case("GET /objections/{objection_id}", STAFF),
    Case("POST /subjects/{subject_id}/objections", STAFF, {"about": "data", "text": "不同意"}),
    Case("POST /objections/{objection_id}/answer", HEADS, {"outcome": "upheld", "text": "同意"}),
    Case("GET /rounds", STAFF),
    Case("POST /rounds", STAFF, {}),
    Case("GET /rounds/{round_id}", STAFF, query=PURPOSE),
    Case("POST /rounds/{round_id}/findings", STAFF, SEEN | {"findings": [{"entry_id": 1, "finding": "reached", "note": "电话联系"}]}),
    Case("POST /rounds/{round_id}/confirm", STAFF, SEEN | {"entries": [1]}, clean=False),
    Case("POST /rounds/{round_id}/sign", STAFF, SEEN, ids={"round_id": 2}),
    Case("POST /rounds/{round_id}/hand-over", STAFF, SEEN | {"to": 2, "reason": "出差"}),
    Case("GET /checks/rederive", {A}, query={"day": "2026-03-01"}),
    Case("GET /figures/checks", STAFF, query={"from": "2026-03-01T00:00:00Z", "until": "2026-03-03T00:00:00Z"}),
    Case("POST /subjects/{subject_id}/check-ins", STAFF, PURPOSE),
    Case("GET /subjects/{subject_id}/check-ins", STAFF),
    Case("GET /subjects/{subject_id}/fix-requests/{request_id}", STAFF),
    Case("GET /audit", {A}),
    Case("GET /audit/verify", {A}),
]  # fmt: skip
OPEN = {"POST /login", "GET /check-ins/{token}/answer", "POST /check-ins/{token}/answer"}


def ask(service: Service, login: str | None, case: Case) -> Any:
    given = {"content": case.body} if isinstance(case.body, str) else {"json": case.body or {}} if case.method != "GET" else {}
    return service.ask(login, case.method, case.path, params=case.query, **given)


@pytest.fixture(scope="module")
def refusing_service(databases: Databases) -> Iterator[Service]:
    """One service for every request that is refused: it changes nothing."""
    with databases.sqlite(found) as url:
        engine = open_database(url)
        with serving(engine) as service:
            yield service
        engine.dispose()


def test_every_operation_has_its_row(sqlite_url: str) -> None:
    engine: Engine = open_database(sqlite_url)
    paths = create_app(engine, SETTINGS).openapi()["paths"]  # type: ignore[attr-defined]
    engine.dispose()
    under = {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, operations in paths.items()
        for method in operations
        if path.startswith("/api/v1")
    }

    own = {operation for operation in under if operation.partition(" ")[2].split("/")[1] == "own"}  # see tests/portal/test_own_api.py

    assert under - OPEN - own == {case.operation for case in CASES}
    assert {path for path in paths if not path.startswith("/api/v1")} == {"/health/live", "/health/ready", "/metrics"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.operation)
def test_nobody_unknown_is_served(refusing_service: Service, case: Case) -> None:
    for token in (None, "nobody"):
        answer = ask(refusing_service, token, case)

        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.operation)
def test_a_role_that_may_not_is_told_so(refusing_service: Service, case: Case) -> None:
    for role in EVERYBODY - case.by:
        answer = ask(refusing_service, LOGINS[role], case)

        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), role


@pytest.mark.parametrize("case", [case for case in CASES if case.has_id], ids=lambda case: case.operation)
def test_what_lies_beyond_the_bureau_is_not_there(refusing_service: Service, case: Case) -> None:
    for role in case.by:
        answer = ask(refusing_service, f"other-{role}", case)

        assert (answer.status_code, answer.json()["code"]) == (404, "not-found"), role


@pytest.mark.parametrize("case", [case for case in CASES if case.has_id], ids=lambda case: case.operation)
def test_what_lies_beyond_the_office_is_not_there(refusing_service: Service, case: Case) -> None:
    for role, login in OTHER_OFFICE.items():
        if role in case.by:
            assert ask(refusing_service, login, case).status_code == case.elsewhere, role


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.operation)
def test_who_may_is_served(small_service: Service, case: Case) -> None:
    first, *others = [LOGINS[role] for role in Role if role in case.by]

    answer = ask(small_service, first, case)

    assert answer.status_code in ((200, 201) if case.clean else (409,)), answer.text
    for login in others:  # whom the state may stop now, but not her role
        assert ask(small_service, login, case).status_code not in (401, 403)
