"""The doors over HTTP: what each client gets to hear, for good input and for every kind of bad, and that the next one is served."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import zlib
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import event, exc

from corrections.ingest import osmand
from corrections.ingest.http import App, ingest_app
from corrections.ingest.message import MOST_MESSAGES
from corrections.ingest.writer import Ingest

from .conftest import NOW, District, Phone

STAMP = int(NOW.timestamp()) - 60
JSON = {"Content-Type": "application/json"}


async def behind(scope: Any, receive: Any, send: Any) -> None:
    """The application behind the doors: says that it was reached."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 299, "headers": []})
        await send({"type": "http.response.body", "body": b"behind"})


class Doors:
    """Requests through the doors, one after the other or all at once."""

    def __init__(self, ingest: Ingest) -> None:
        self.app: App = ingest_app(ingest, behind)

    def all(self, *requests: tuple[str, str, dict[str, Any]]) -> list[httpx2.Response]:
        async def send() -> list[httpx2.Response]:
            async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=self.app), base_url="http://doors") as client:
                return await asyncio.gather(*(client.request(method, url, **options) for method, url, options in requests))

        return asyncio.run(send())

    def get(self, url: str, **options: Any) -> httpx2.Response:
        return self.all(("GET", url, options))[0]

    def post(self, url: str, **options: Any) -> httpx2.Response:
        return self.all(("POST", url, options))[0]


@pytest.fixture
def doors(district: District) -> Doors:
    ingest = district.ingest(max_body_bytes=100_000, retry_after_s=17)
    ingest.start()
    return Doors(ingest)


@pytest.fixture
def phone(district: District) -> Phone:
    return district.phone()


def bearer(phone: Phone | str) -> dict[str, str]:
    return {"Authorization": f"Bearer {phone if isinstance(phone, str) else phone.credential}"}


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def query(**changes: Any) -> str:
    told = {"id": "x", "lat": 41.5, "lon": 122.7, "timestamp": STAMP} | changes
    return "&".join(f"{name}={value}" for name, value in told.items())


def location(**changes: Any) -> dict[str, Any]:
    return {"_type": "location", "lat": 41.5, "lon": 122.7, "tst": STAMP} | changes


def feature(**changes: Any) -> dict[str, Any]:
    told = {"timestamp": (NOW - timedelta(minutes=1)).isoformat()} | changes
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [122.7, 41.5]}, "properties": told}


def report(phone: Phone, **changes: Any) -> dict[str, Any]:
    return {"device": phone.identifier, "fix_time": "2026-03-02T11:59:00+08:00", "lat": 41.5, "lon": 122.7} | changes


# ---- what each client gets to hear


def test_traccar_client_to_8_posts_a_query(district: District, doors: Doors, phone: Phone) -> None:
    answer = doors.post(f"/ingest/osmand/{phone.credential}?{query()}")

    assert (answer.status_code, answer.content) == (200, b"")
    assert district.positions() == [(NOW - timedelta(minutes=1), 41.5, 122.7)]


def test_traccar_client_9_posts_json(district: District, doors: Doors, phone: Phone) -> None:
    body = {"location": {"timestamp": STAMP, "coords": {"latitude": 41.5, "longitude": 122.7}}, "device_id": phone.credential}

    answer = doors.post("/ingest/osmand", json=body)

    assert (answer.status_code, answer.content) == (200, b"")
    assert len(district.positions()) == 1
    assert phone.credential.encode() not in district.reports()[0].raw


def test_traccar_client_10_posts_a_form(district: District, doors: Doors, phone: Phone) -> None:
    answer = doors.post("/ingest/osmand/", data=dict(part.split("=") for part in query(id=phone.credential).split("&")))

    assert (answer.status_code, answer.content) == (200, b"")
    assert len(district.positions()) == 1


def test_a_form_without_a_content_type_is_read(district: District, doors: Doors, phone: Phone) -> None:
    assert doors.post("/ingest/osmand", content=query(id=phone.credential).encode()).status_code == 200
    assert len(district.positions()) == 1


def test_gpslogger_gets(district: District, doors: Doors, phone: Phone) -> None:
    answer = doors.get(f"/ingest/osmand?{query(time='2026-03-02T03:59:00Z', acc=9, spd=1)}", headers=basic("any", phone.credential))

    assert answer.status_code == 200
    assert [(report.accuracy_m, report.speed_mps) for report in district.reports()] == [(9.0, 1.0)]


def test_a_push_token_form_is_answered_200(district: District, doors: Doors, phone: Phone) -> None:
    answer = doors.post("/ingest/osmand", data={"id": phone.credential, "notificationToken": "abc"})

    assert (answer.status_code, answer.content) == (200, b"")
    assert [(report.lat, report.raw) for report in district.reports()] == [(None, b"id=*")]


def test_owntracks_hears_an_empty_array(district: District, doors: Doors, phone: Phone) -> None:
    answer = doors.post("/ingest/owntracks", json=location(), headers=basic("jane", phone.credential))

    assert (answer.status_code, answer.json(), answer.headers["content-type"]) == (200, [], "application/json")
    assert len(district.positions()) == 1


@pytest.mark.parametrize("body", ["", "{}", "null", '{"_type":"status","android":{"hib":1}}', '{"_type":"encrypted","data":"x"}', "{"])
def test_owntracks_hears_the_same_whatever_it_sent(doors: Doors, phone: Phone, body: str) -> None:
    answer = doors.post(f"/ingest/owntracks/{phone.credential}", content=body)

    assert (answer.status_code, answer.content) == (200, b"[]")


def test_overland_hears_exactly_that_it_is_ok(district: District, doors: Doors, phone: Phone) -> None:
    faulty = {"type": "Feature", "geometry": None, "properties": {"action": "will_terminate"}}
    batch = {"locations": [feature(), faulty, feature(speed=3)]}

    answer = doors.post("/ingest/overland", json=batch, headers=bearer(phone))

    assert (answer.status_code, answer.content) == (200, b'{"result":"ok"}')
    assert answer.headers["content-type"] == "application/json"
    assert [report.lat for report in district.reports()] == [41.5, None]  # the third is a repeat of the first


# ---- credentials


@pytest.mark.parametrize(
    "offer",
    [
        lambda c: ("/ingest/osmand?" + query(), bearer(c)),
        lambda c: ("/ingest/osmand?" + query(), {"authorization": f"bearer  {c}"}),
        lambda c: ("/ingest/osmand?" + query(), basic("", c)),
        lambda c: ("/ingest/osmand?" + query(), basic("用户", c)),
        lambda c: (f"/ingest/osmand/{c}?{query()}", {}),
        lambda c: (f"/ingest/osmand/{c}/?{query()}", {}),
        lambda c: (f"/ingest/osmand?{query(token=c)}", {}),
        lambda c: (f"/ingest/osmand?{query(access_token=c)}", {}),
        lambda c: (f"/ingest/osmand?{query(id=c)}", {}),
        lambda c: (f"/ingest/osmand?{query(deviceid=c)}", {}),
        lambda c: (f"/ingest/osmand/{c}?{query()}", basic("proxy", "its own password")),
    ],
)
def test_a_credential_may_come_in_each_of_these_ways(
    district: District, doors: Doors, phone: Phone, offer: Callable[[str], tuple[str, dict[str, str]]]
) -> None:
    url, headers = offer(phone.credential)

    assert doors.post(url, headers=headers).status_code == 200
    assert len(district.positions()) == 1
    assert phone.credential.encode() not in district.reports()[0].raw


@pytest.mark.parametrize("wire", ["owntracks", "overland"])
def test_a_token_in_the_query_serves_every_wire(doors: Doors, phone: Phone, wire: str) -> None:
    assert doors.post(f"/ingest/{wire}?token={phone.credential}").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Basic !!!"}, {"Authorization": "Basic"}, {"Authorization": "Digest x"}, {"Authorization": "Bearer \xff"}],
)
@pytest.mark.parametrize("wire", ["osmand", "owntracks", "overland"])
def test_an_unknown_credential_is_answered_401(district: District, doors: Doors, phone: Phone, wire: str, headers: dict[str, str]) -> None:
    latin = {name: value.encode("latin-1") for name, value in headers.items()}

    answer = doors.post(f"/ingest/{wire}?{query(id=phone.identifier)}", headers=latin, content=b"" if wire == "osmand" else b"{}")

    assert answer.status_code == 401  # the device's name alone is no secret
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert district.reports() == []
    assert district.reasons() == [("unknown_device", 1)]


def test_a_revoked_device_is_answered_401(district: District, doors: Doors, phone: Phone) -> None:
    district.revoke(phone)

    assert doors.get(f"/ingest/osmand?{query(id=phone.credential)}").status_code == 401


# ---- bad input: an answer that keeps the client going, and the next good fix is served


BAD = [
    ("osmand", "?" + query(lat=91), b"", {}, "bad_coordinates"),
    ("osmand", "?" + query(lat="nan"), b"", {}, "bad_coordinates"),
    ("osmand", "?" + query(lat=0, lon=0), b"", {}, "null_island"),
    ("osmand", "?" + query(timestamp="soon"), b"", {}, "bad_time"),
    ("osmand", "?" + query(timestamp=STAMP + 10_000), b"", {}, "future"),
    ("osmand", "?" + query(timestamp=619315200), b"", {}, "ancient"),
    ("osmand", "", b"\x00\xff\xfe garbage", {}, "unreadable"),
    ("osmand", "", b'{"location":', JSON, "unreadable"),
    ("osmand", "", b"a=b&" * 20_000, {}, "unreadable"),
    ("osmand", "", b"x" * 100_001, {}, "unreadable"),
    ("owntracks", "", json.dumps(location(lat="41.5")).encode(), JSON, "bad_coordinates"),
    ("owntracks", "", json.dumps(location(tst=None)).encode(), JSON, "bad_time"),
    ("owntracks", "", b'{"_type":"location","lat":NaN,"lon":1e999,"tst":1}', JSON, "bad_coordinates"),
    ("owntracks", "", b'{"_type":"encrypted","data":"AAAA"}', JSON, "unreadable"),
    ("owntracks", "", b"[" * 90_000, JSON, "unreadable"),
    ("owntracks", "", b"[" + b"[]," * 200_000 + b"[]]", JSON, "unreadable"),
    ("owntracks", "", b"not gzip", {"Content-Encoding": "gzip"}, "unreadable"),
    ("owntracks", "", gzip.compress(b"{}" * 5_000)[:40], {"Content-Encoding": "gzip"}, "unreadable"),
    ("owntracks", "", gzip.compress(b" " * 50_000_000), {"Content-Encoding": "gzip"}, "unreadable"),
    ("owntracks", "", b"{}", {"Content-Encoding": "br"}, "unreadable"),
    ("overland", "", b'{"locations":{}}', JSON, "unreadable"),
    ("overland", "", b'{"locations":[7]}', JSON, "unreadable"),
    ("overland", "", b'{"locations":[' + b"1," * MOST_MESSAGES + b"1]}", JSON, "unreadable"),
]


@pytest.mark.parametrize(("wire", "asked", "body", "headers", "reason"), BAD, ids=[f"{row[0]}-{n}-{row[4]}" for n, row in enumerate(BAD)])
def test_bad_input_is_put_aside_and_the_next_good_fix_is_served(
    district: District, doors: Doors, phone: Phone, wire: str, asked: str, body: bytes, headers: dict[str, str], reason: str
) -> None:
    good = {
        "osmand": {"params": query()},
        "owntracks": {"json": location()},
        "overland": {"json": {"locations": [feature()]}},
    }[wire]

    bad = doors.post(f"/ingest/{wire}/{phone.credential}{asked}", content=body, headers=headers)
    next_one = doors.post(f"/ingest/{wire}/{phone.credential}", **good)

    assert (bad.status_code, bad.content) == (next_one.status_code, next_one.content) == (200, next_one.content)
    assert district.reasons() == [(reason, 1)]
    assert len(district.positions()) == 1
    assert len(district.reports()) == 2  # what was bad is a sign of life


def test_a_subject_without_authority_is_answered_2xx_and_nothing_is_kept(district: District, doors: Doors) -> None:
    phone = district.phone(authority=False)

    assert doors.get(f"/ingest/osmand?{query(id=phone.credential)}").status_code == 200
    assert doors.get(f"/ingest/osmand?{query(id=phone.credential, timestamp=STAMP - 60)}").status_code == 200
    assert district.reports() == []
    assert [(aside.reason, aside.count, aside.raw) for aside in district.asides()] == [("no_authority", 2, None)]


def test_gzip_and_deflate_are_unpacked(district: District, doors: Doors, phone: Phone) -> None:
    body = json.dumps(location()).encode()

    for name, packed in (("gzip", gzip.compress(body)), ("deflate", zlib.compress(body)), ("identity", body)):
        answer = doors.post("/ingest/owntracks", content=packed, headers=bearer(phone) | {"Content-Encoding": name})
        assert answer.status_code == 200

    assert len(district.positions()) == 1
    assert district.asides() == []


def test_a_body_in_chunks_is_read_whole(district: District, doors: Doors, phone: Phone) -> None:
    chunks = [json.dumps(location()).encode()[n : n + 7] for n in range(0, 200, 7)]
    events: list[dict[str, Any]] = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]

    answers = run_raw(doors.app, "/ingest/owntracks", phone, [*events, {"type": "http.request"}])

    assert [answer.get("status") for answer in answers] == [200, None]
    assert len(district.positions()) == 1


def test_a_client_that_leaves_in_the_middle_leaves_nothing(district: District, doors: Doors, phone: Phone) -> None:
    events = [{"type": "http.request", "body": json.dumps(location()).encode(), "more_body": True}, {"type": "http.disconnect"}]

    assert run_raw(doors.app, "/ingest/owntracks", phone, events) == []
    assert run_raw(doors.app, "/ingest/owntracks", phone, [{"type": "http.disconnect"}]) == []
    assert district.reports() == []


def run_raw(app: App, path: str, phone: Phone, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the application sends for these events from the server."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return events.pop(0)

    async def send(answer: Any) -> None:
        sent.append(answer)

    headers = [(b"authorization", f"Bearer {phone.credential}".encode())]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
    asyncio.run(_coroutine(app(scope, receive, send)))
    return sent


async def _coroutine(awaitable: Awaitable[None]) -> None:
    await awaitable


def test_concurrent_phones_are_all_served(district: District, doors: Doors) -> None:
    phones = [district.phone() for _ in range(20)]

    answers = doors.all(
        *(("GET", f"/ingest/osmand?{query(id=one.credential, timestamp=STAMP - n)}", {}) for one in phones for n in range(3))
    )

    assert {answer.status_code for answer in answers} == {200}
    assert len(district.positions()) == 60


# ---- when it cannot be stored


def test_when_the_database_is_away_phones_are_asked_to_come_back(district: District, doors: Doors, phone: Phone) -> None:
    def refuse(_: Any) -> None:
        raise exc.OperationalError("COMMIT", {}, Exception("gone"))

    event.listen(district.engine, "commit", refuse)
    away = [
        doors.get(f"/ingest/osmand?{query(id=phone.credential)}"),
        doors.post("/ingest/owntracks", json=location(), headers=bearer(phone)),
    ]
    system = doors.post("/api/v1/reports", json=report(phone), headers=bearer(phone))
    event.remove(district.engine, "commit", refuse)

    for answer in (*away, system):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "17")
    assert system.json()["code"] == "unavailable"
    assert district.reports() == []
    assert doors.get(f"/ingest/osmand?{query(id=phone.credential)}").status_code == 200


def test_a_fault_of_our_own_is_answered_503_and_logged_once(
    district: District, doors: Doors, phone: Phone, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> Coroutine[Any, Any, None]:
        raise RuntimeError("at 41.5")

    with monkeypatch.context() as patch:
        patch.setattr(Ingest, "take", broken)
        answers = [doors.get(f"/ingest/osmand?{query(id=phone.credential)}"), doors.post("/api/v1/reports", json=[], headers=bearer(phone))]

    assert [(answer.status_code, answer.headers["retry-after"]) for answer in answers] == [(503, "17")] * 2
    assert len([record for record in caplog.records if "RuntimeError" in record.getMessage()]) == 2
    assert "41.5" not in caplog.text
    assert doors.get(f"/ingest/osmand?{query(id=phone.credential)}").status_code == 200


def test_a_fault_of_a_decoder_puts_the_message_aside(
    district: District, doors: Doors, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(osmand, "decode", broken)
        answer = doors.post(f"/ingest/osmand/{phone.credential}", content=b"strange")

    assert answer.status_code == 200
    assert [(aside.reason, aside.raw) for aside in district.asides()] == [("unreadable", b"strange")]


# ---- which doors there are


@pytest.mark.parametrize(("method", "url"), [("PUT", "/ingest/osmand"), ("GET", "/ingest/owntracks"), ("GET", "/ingest/overland/x")])
def test_other_methods_are_not_allowed(doors: Doors, method: str, url: str) -> None:
    (answer,) = doors.all((method, url, {}))

    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]


@pytest.mark.parametrize(
    ("method", "url"),
    [("GET", "/"), ("GET", "/api/v1/reports"), ("POST", "/api/v1/reports/7"), ("POST", "/ingest/fax"), ("POST", "/ingest/"),
     ("POST", "/ingest/osmand/a/b"), ("POST", "/ingestion")],
)  # fmt: skip
def test_everything_else_goes_behind(doors: Doors, method: str, url: str) -> None:
    (answer,) = doors.all((method, url, {}))

    assert (answer.status_code, answer.content) == (299, b"behind")


def test_the_lifespan_goes_behind(doors: Doors) -> None:
    reached: list[str] = []

    async def other(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope["type"])

    async def nothing(*_: Any) -> Any:
        return {}

    asyncio.run(_coroutine(ingest_app(Ingest.__new__(Ingest), other)({"type": "lifespan"}, nothing, nothing)))

    assert reached == ["lifespan"]


# ---- systems


def test_a_system_gets_an_answer_for_each_report(district: District, doors: Doors) -> None:
    phone, unlawful = district.phone(), district.phone(authority=False)
    gateway = district.gateway()
    reports = [
        report(phone), report(phone), report(phone, lat=91), report(phone, fix_time="2026-03-02T12:30:00+08:00"), report(unlawful),
        report(phone, device="no such"), report(phone, colour="red"), report(phone, lat=None, lon=None), 3,
    ]  # fmt: skip

    answer = doors.post("/api/v1/reports", json=reports, headers=bearer(gateway))

    assert answer.status_code == 200
    body = answer.json()
    assert [(one["result"], one.get("code"), one.get("field")) for one in body["results"]] == [
        ("stored", None, None),
        ("repeated", None, None),
        ("refused", "bad_coordinates", "lat"),
        ("refused", "future", "fix_time"),
        ("refused", "no_authority", None),
        ("refused", "unknown_device", "device"),
        ("refused", "unknown_field", "colour"),
        ("stored", None, None),
        ("refused", "unreadable", None),
    ]
    assert (body["stored"], body["repeated"], body["refused"]) == (2, 1, 6)
    assert all(one["en"] and one["zh"] for one in body["results"] if one["result"] == "refused")
    assert len(district.reports()) == 2


def test_a_single_report_gets_an_answer_of_the_same_form(district: District, doors: Doors, phone: Phone) -> None:
    answer = doors.post("/api/v1/reports/", json=report(phone), headers=bearer(phone))

    assert answer.json() == {"results": [{"result": "stored"}], "stored": 1, "repeated": 0, "refused": 0}


def test_a_body_in_gzip_without_content_type_is_read(district: District, doors: Doors, phone: Phone) -> None:
    packed = gzip.compress(json.dumps(report(phone)).encode())

    assert doors.post("/api/v1/reports", content=packed, headers=bearer(phone) | {"Content-Encoding": "gzip"}).json()["stored"] == 1


@pytest.mark.parametrize(
    ("status", "code", "body", "headers"),
    [
        (422, "invalid", b"{", JSON),
        (422, "invalid", b"", JSON),
        (422, "invalid", b"3", JSON),
        (422, "invalid", b"not gzip", JSON | {"Content-Encoding": "gzip"}),
        (413, "content-too-large", b" " * 100_001, JSON),
        (413, "content-too-large", gzip.compress(b" " * 5_000_000), JSON | {"Content-Encoding": "gzip"}),
        (413, "content-too-large", b"[" + b"1," * MOST_MESSAGES + b"1]", JSON),
        (415, "unsupported-media-type", b"{}", {"Content-Type": "text/xml"}),
        (415, "unsupported-media-type", b"{}", JSON | {"Content-Encoding": "br"}),
    ],
)
def test_a_system_is_told_what_is_wrong_with_its_request(
    district: District, doors: Doors, phone: Phone, status: int, code: str, body: bytes, headers: dict[str, str]
) -> None:
    answer = doors.post("/api/v1/reports", content=body, headers=bearer(phone) | headers)
    next_one = doors.post("/api/v1/reports", json=report(phone), headers=bearer(phone))

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    problem = answer.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["type"] == f"urn:corrections:problem:{code}"
    assert problem["title"]
    assert problem["detail"] == problem["detail_zh"] != problem["detail_en"]
    assert next_one.json()["stored"] == 1
    assert district.asides() == []


@pytest.mark.parametrize("body", [b"{", b"[]", b" " * 100_001])
def test_a_system_without_a_credential_is_answered_401(doors: Doors, body: bytes) -> None:
    answer = doors.post("/api/v1/reports", content=body)

    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert answer.json()["code"] == "unauthenticated"


@pytest.mark.parametrize(("asked", "language"), [("en-GB,zh;q=0.5", "en"), ("fr, zh-CN", "zh"), ("fr", "zh")])
def test_a_problem_is_told_in_the_language_asked_for(doors: Doors, asked: str, language: str) -> None:
    answer = doors.post("/api/v1/reports", headers={"Accept-Language": asked})

    assert answer.json()["detail"] == answer.json()[f"detail_{language}"]
    assert answer.headers["content-language"].startswith(language)
