"""Logging in over HTTP: the token, the cookie, and who may change something with it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from corrections.records import accounts
from corrections.store.database import reading, writing
from corrections.store.tables import LoginSession
from corrections.web import SESSION_COOKIE as COOKIE
from tests.api.house import Service
from tests.review.scene import NOW

PASSWORD = "correct horse 电池"
ROOM = "http://testserver"


@pytest.fixture
def with_password(small_service: Service) -> Service:
    with writing(small_service.engine) as session:
        accounts.set_password(session, None, 1, PASSWORD, now=NOW)
    return small_service


def test_a_log_in_gives_a_token_that_says_who_asks(with_password: Service) -> None:
    answer = with_password.post(None, "/login", {"login": "liming", "password": PASSWORD})
    with_password.client.cookies.clear()
    me = with_password.get(answer.json()["token"], "/me").json()

    assert (answer.json()["role"], answer.json()["expires_at"]) == ("officer", "2026-03-02T11:00:00Z")
    assert (me["name"], me["office_id"], me["timezone"]) == ("liming名", 1, "Asia/Shanghai")
    assert "review" in me["actions"]
    assert "write_accounts" not in me["actions"]


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(with_password: Service) -> None:
    answer = with_password.post(None, "/login", {"login": "liming", "password": PASSWORD})

    cookie = answer.headers["set-cookie"]
    assert all(part in cookie for part in (f"{COOKIE}=", "HttpOnly", "SameSite=strict", "Path=/", "Max-Age=36000"))
    assert "Secure" not in cookie
    assert with_password.get(None, "/me").json()["name"] == "liming名"


def test_a_wrong_password_tells_nothing_and_is_on_record(with_password: Service) -> None:
    answers = [with_password.post(None, "/login", {"login": login, "password": "wrong"}).json() for login in ("liming", "nobody")]

    assert answers[0] == answers[1]
    events = with_password.get("auditor", "/audit", action="login.refused").json()["items"]
    assert [event["actor"] for event in events] == ["nobody", "liming"]


def test_a_log_out_ends_the_session(small_service: Service) -> None:
    small_service.post("liming", "/logout")

    assert small_service.get("liming", "/me").status_code == 401


@pytest.mark.parametrize(("idle_minutes", "status"), [(59, 200), (60, 401)])
def test_a_session_ends_when_it_is_not_used(small_service: Service, idle_minutes: int, status: int) -> None:
    small_service.clock.advance(timedelta(minutes=30))
    small_service.get("liming", "/me")
    small_service.clock.advance(timedelta(minutes=idle_minutes))

    assert small_service.get("liming", "/me").status_code == status


def test_looking_around_hardly_ever_writes(small_service: Service) -> None:
    for _ in range(3):
        small_service.clock.advance(timedelta(seconds=25))
        small_service.get("liming", "/me")

    with reading(small_service.engine) as session:
        used = session.exec(select(LoginSession.last_used_at).where(LoginSession.officer_id == 1)).one()
    assert used == NOW + timedelta(seconds=75)


ORIGINS = [
    ({"Sec-Fetch-Site": "same-origin"}, 200),
    ({"Origin": ROOM}, 200),
    ({}, 403),
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "same-site"}, 403),
    ({"Sec-Fetch-Site": "none"}, 403),
    ({"Origin": "http://elsewhere.example"}, 403),
    ({"Origin": "null"}, 403),
    ({"Sec-Fetch-Site": "cross-site", "Origin": ROOM}, 403),
]


@pytest.mark.parametrize(("headers", "status"), ORIGINS)
def test_a_change_with_a_cookie_comes_from_a_page_of_this_service(small_service: Service, headers: dict[str, str], status: int) -> None:
    small_service.client.cookies.set(COOKIE, "liming")

    answer = small_service.ask(None, "POST", "/api/v1/violations/1/claim", json={"revision": 1}, headers=headers)

    assert answer.status_code == status


def test_looking_with_a_cookie_needs_no_origin(small_service: Service) -> None:
    small_service.client.cookies.set(COOKIE, "liming")

    assert small_service.get(None, "/violations").status_code == 200


def test_a_bearer_needs_no_origin(small_service: Service) -> None:
    answer = small_service.ask(
        "liming", "POST", "/api/v1/violations/1/claim", json={"revision": 1}, headers={"Sec-Fetch-Site": "cross-site"}
    )

    assert answer.status_code == 200


def test_another_sites_page_cannot_log_a_browser_in(with_password: Service) -> None:
    answer = with_password.ask(
        None, "POST", "/api/v1/login", json={"login": "liming", "password": PASSWORD}, headers={"Origin": "http://elsewhere.example"}
    )

    assert (answer.status_code, COOKIE in answer.headers.get("set-cookie", "")) == (403, False)


def test_where_somebody_asked_from_is_on_record(with_password: Service) -> None:
    with_password.post(None, "/login", {"login": "liming", "password": PASSWORD})

    assert with_password.get("auditor", "/audit", action="login").json()["items"][0]["origin"] == "testclient"
