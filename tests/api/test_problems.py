"""Errors as problem details: what is wrong and what to do, in the reader's language, and nothing of the inside."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import exc
from starlette.testclient import TestClient

from corrections.api.app import create_app
from corrections.errors import Unavailable
from corrections.review import queue
from corrections.store.database import open_database
from tests.api.house import SETTINGS, Service

LANGUAGES = [
    (None, "zh"), ("zh-CN", "zh"), ("en", "en"), ("en-GB,zh;q=0.5", "en"), ("zh;q=0.3, en;q=0.8", "en"), ("fr", "zh"), ("fr,en", "en"),
    ("en;q=0", "zh"), ("en;q=high,zh", "zh"), ("EN-us", "en"), ("*", "zh"), ("zh,en", "zh"),
]  # fmt: skip


@pytest.mark.parametrize(("accepted", "language"), LANGUAGES)
def test_a_problem_is_told_in_the_readers_language_and_in_both(small_service: Service, accepted: str | None, language: str) -> None:
    answer = small_service.ask("liming", "GET", "/api/v1/violations/99", headers={"Accept-Language": accepted} if accepted else {})

    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (problem["type"], problem["status"], answer.status_code) == ("urn:corrections:problem:not-found", 404, 404)
    assert problem["detail"] == problem[f"detail_{language}"]
    assert problem["detail_en"] == "There is no violation 99 in your offices."
    assert problem["detail_zh"] == "您所在机构没有编号 99 的违规。"
    assert answer.headers["content-language"] == {"zh": "zh-CN", "en": "en"}[language]


FAULTS: list[tuple[str, str, Any, str | None, str]] = [
    ("POST", "/violations/1/claim", {}, "revision", "revision is missing: give it."),
    ("POST", "/violations/1/claim", {"revision": "one"}, "revision", "revision must be a whole number."),
    ("POST", "/violations/1/claim", {"revision": 0}, "revision", "revision must be at least 1."),
    ("POST", "/violations/1/claim", {"revision": 1, "by": "me"}, "by", "by is not known here: leave it out."),
    ("POST", "/violations/1/note", {"revision": 1, "text": ""}, "text", "text must not be empty."),
    ("POST", "/violations/1/note", {"revision": 1, "text": "a\x00b"}, "text", "text must not hold a NUL character."),
    ("POST", "/violations/1/claim", b"{", None, "The request is not valid JSON: correct it."),
    ("POST", "/violations/x/claim", {"revision": 1}, "violation_id", "violation_id must be a whole number."),
    ("POST", "/violations/99999999999999999999/claim", {"revision": 1}, "violation_id", "violation_id must be at most 9007199254740991."),
    ("GET", "/violations?limit=501", None, "limit", "limit must be at most 500."),
    ("GET", "/violations?after=x", None, "after", "after must be what the page before gave."),
    ("GET", "/violations?state=open", None, "state", "state must be one of 'queued', 'claimed', 'decided' or 'withdrawn'."),
    ("GET", "/subjects/1/position", None, "purpose", "purpose is missing: give it."),
    ("GET", "/subjects/1/position?purpose=%20", None, "purpose", "Say why you look at this location: the purpose is recorded."),
    (
        "GET", "/subjects/1/track?purpose=a&from=2026-03-01T00:00:00&until=2026-03-02T00:00:00Z", None, "from",
        "from must name its time zone, such as 2026-03-02T09:00:00+08:00.",
    ),
    (
        "GET", "/subjects/1/track?purpose=a&from=0001-01-01T00:00:00Z&until=2026-03-02T00:00:00Z", None, "from",
        "from must lie in the years 1900 to 2200.",
    ),
    (
        "GET", "/subjects/1/track?purpose=a&from=2026-03-02T00:00:00Z&until=2026-03-01T00:00:00Z", None, "until",
        "A track covers up to 31 days, from before until.",
    ),
    ("GET", "/subjects/1/log?purpose=a&from=soon&until=2026-03-01", None, "from", "from must be a date such as 2026-03-02."),
    (
        "POST", "/subjects/1/log/entries", {"kind": "walk", "content": "a"}, "kind",
        "kind must be one of 'visit', 'talk', 'report', 'education' or 'other'.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "field", "en"), FAULTS, ids=[f"{f[1]} {f[2] or ''}" for f in FAULTS])
def test_faulty_input_is_named_with_its_remedy(
    small_service: Service, method: str, path: str, body: Any, field: str | None, en: str
) -> None:
    given = (
        {"content": body, "headers": {"Content-Type": "application/json"}} if isinstance(body, bytes) else {"json": body} if body else {}
    )

    answer = small_service.ask("liming", method, f"/api/v1{path}", **given)

    problem = answer.json()
    assert (answer.status_code, problem["code"], problem.get("field"), problem["detail_en"]) == (422, "invalid", field, en)
    assert problem["detail_zh"] != en


def test_every_fault_of_an_input_is_told(small_service: Service) -> None:
    answer = small_service.post("head", "/violations/1/decide", {"decision": "guilty", "reason": ""})

    assert [fault["field"] for fault in answer.json()["errors"]] == ["revision", "decision", "reason"]


def test_an_address_that_leads_nowhere_and_a_wrong_method_are_problems_too(small_service: Service) -> None:
    nowhere, wrong = small_service.get("liming", "/nothing"), small_service.ask("liming", "DELETE", "/api/v1/violations/1")

    assert [(answer.status_code, answer.json()["code"]) for answer in (nowhere, wrong)] == [(404, "not-found"), (405, "method-not-allowed")]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_refused(small_service: Service, chunked: bool) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(11):
            yield b" " * 100_000

    answer = small_service.ask(
        "liming", "POST", "/api/v1/violations/1/claim", content=pieces() if chunked else b" " * 1_100_000,
        headers={"Content-Type": "application/json"},
    )  # fmt: skip

    assert (answer.status_code, answer.json()["code"]) == (413, "content-too-large")


def test_an_unforeseen_error_is_logged_once_and_tells_nothing_of_the_inside(
    small_service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret at 30.05, 120.05")

    monkeypatch.setattr(queue, "list_queue", fail)
    with caplog.at_level(logging.ERROR):
        answer = small_service.get("liming", "/violations", after="1.2.3.4")

    problem = answer.json()
    assert (answer.status_code, problem["code"], "secret" in answer.text) == (500, "internal", False)
    assert [record.getMessage() for record in caplog.records] == [f"violations.list_queue failed ({problem['instance']})"]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (exc.OperationalError("SELECT 1", {}, Exception("locked")), 503, "unavailable"),
        (exc.TimeoutError("pool"), 503, "unavailable"),
        (exc.IntegrityError("INSERT", {}, Exception("unique")), 409, "conflict"),
        (Unavailable("Later.", "稍后。", retry_after_s=7), 503, "unavailable"),
    ],
)
def test_what_the_database_cannot_do_is_told_as_such(
    small_service: Service, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(queue, "list_queue", fail)
    answer = small_service.get("liming", "/violations")

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers.get("retry-after") == ({503: "7" if isinstance(error, Unavailable) else "30"}.get(status))


def test_every_answer_carries_what_keeps_browsers_from_harm(small_service: Service) -> None:
    for answer in (small_service.get(None, "/me"), small_service.get("liming", "/me"), small_service.client.get("/health/live")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_the_description_names_every_operation_and_what_a_problem_is(sqlite_url: str) -> None:
    engine = open_database(sqlite_url)
    app = create_app(engine, SETTINGS)
    assert isinstance(app, FastAPI)
    document = TestClient(app).get("/openapi.json").json()
    engine.dispose()

    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert all(operation["summary"] and operation["tags"] for operation in operations)
    assert "detail_zh" in document["components"]["schemas"]["Problem"]["properties"]
    assert "HTTPValidationError" not in str(document)


def test_no_page_of_the_service_needs_another_host(small_service: Service) -> None:
    assert [small_service.client.get(path).status_code for path in ("/docs", "/redoc")] == [404, 404]
