"""Coming in and going out: log-in, log-out, language, what other sites' pages cannot do, and what surrounds every page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import exc

from corrections.console import queue_page
from corrections.console.assets import assets
from corrections.records import accounts
from corrections.store.database import reading
from corrections.web import BROWSER_COOKIE, SESSION_COOKIE
from tests.console.desk import HOST, PASSWORD, Desk

PAGES = (
    "/console/", "/console/violations/1", "/console/subjects", "/console/subjects/1", "/console/subjects/1/log/2026-03-01",
    "/console/violations/1?done=note",
)  # fmt: skip


def test_the_password_opens_the_queue_and_log_out_ends_it(desk: Desk) -> None:
    entered = desk.post(None, "/console/login", {"login": "liming", "password": PASSWORD})
    token = entered.cookies[SESSION_COOKIE]

    assert (entered.status_code, entered.headers["location"]) == (303, "/console/")
    assert "HttpOnly" in entered.headers["set-cookie"]
    assert "SameSite=strict" in entered.headers["set-cookie"]
    assert "liming名" in desk.get(token, "/console/").text

    left = desk.post(token, "/console/logout")

    assert (left.status_code, left.headers["location"]) == (303, "/console/login")
    assert desk.get(token, "/console/").headers["location"] == "/console/login"


def test_a_wrong_password_is_told_and_the_login_stays(desk: Desk) -> None:
    answer = desk.post(None, "/console/login", {"login": "liming", "password": "wrong"})

    assert answer.status_code == 401
    assert "账号或密码错误。" in answer.text
    assert 'value="liming"' in answer.text
    assert "set-cookie" not in answer.headers
    assert "wrong" not in answer.text


@pytest.mark.parametrize("page", PAGES)
def test_who_is_not_known_is_led_to_the_log_in_and_back(desk: Desk, page: str) -> None:
    for token in (None, "nobody"):
        answer = desk.get(token, page)

        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/console/login")

    form = desk.get(None, answer.headers["location"]).text.partition('action="/console/login"')[2]
    asked = form.partition('name="next" value="')[2].partition('"')[0]
    back = desk.post(None, "/console/login", {"login": "liming", "password": PASSWORD, "next": asked})
    assert back.headers["location"] == page


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/console/\\evil", "/api/v1/me", "javascript:1"])
def test_a_log_in_leads_nowhere_else(desk: Desk, elsewhere: str) -> None:
    answer = desk.post(None, "/console/login", {"login": "liming", "password": PASSWORD, "next": elsewhere})

    assert answer.headers["location"] == "/console/"


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", "http://testserver.evil.example"])
@pytest.mark.parametrize("path", ["/console/login", "/console/logout", "/console/language", "/console/violations/1/claim"])
def test_a_form_of_another_site_is_refused(desk: Desk, path: str, origin: str | None) -> None:
    form = {"login": "liming", "password": PASSWORD, "revision": "1", "language": "en"}

    answer = desk.post("liming", path, form, origin=origin)

    assert answer.status_code == 403
    assert "其他网站" in answer.text
    assert "set-cookie" not in answer.headers
    assert desk.violation().claimed_by is None
    assert desk.get("liming", "/console/").status_code == 200


@pytest.mark.parametrize(("site", "status"), [("same-origin", 303), ("same-site", 403), ("cross-site", 403), ("none", 403)])
def test_what_the_browser_says_of_the_page_counts_more_than_the_origin(desk: Desk, site: str, status: int) -> None:
    headers = {"Cookie": f"{SESSION_COOKIE}=liming", "Sec-Fetch-Site": site, "Origin": HOST}

    answer = desk.client.post("/console/violations/1/claim", data={"revision": 1}, headers=headers)

    assert answer.status_code == status


def test_a_session_that_ended_loses_no_typed_word(desk: Desk) -> None:
    desk.clock.advance(timedelta(hours=2))

    answer = desk.step("liming", "note", text="本人称在医院 <b>")

    assert answer.status_code == 401
    assert "登录已失效" in answer.text
    assert "本人称在医院 &lt;b&gt;" in answer.text
    assert 'name="next" value="/console/violations/1"' in answer.text.partition('action="/console/login"')[2]


def test_the_language_is_chosen_once_for_all_pages(desk: Desk) -> None:
    answer = desk.post("liming", "/console/language", {"language": "en", "next": "/console/?tab=office"})

    assert answer.headers["location"] == "/console/?tab=office"
    assert "corrections_language=en" in answer.headers["set-cookie"]
    english, chinese = desk.get("liming", "/console/", language="en"), desk.get("liming", "/console/")
    assert (english.headers["content-language"], chinese.headers["content-language"]) == ("en", "zh-CN")
    assert "Log out" in english.text
    assert "退出" in chinese.text


@pytest.mark.parametrize("page", [*PAGES, "/console/login", "/console/nowhere"])
def test_every_page_forbids_scripts_frames_and_foreign_forms(desk: Desk, page: str) -> None:
    answer = desk.get("liming", page)
    policy = answer.headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert (answer.headers["cache-control"], answer.headers["x-frame-options"]) == ("no-store", "DENY")
    for forbidden in ("<script>", "<style", "style=", "http://", "https://", "onclick"):
        assert forbidden not in answer.text


def test_the_root_leads_to_the_queue_and_the_rest_stays_the_apis(desk: Desk) -> None:
    assert desk.get(None, "/").headers["location"] == "/console/"
    assert desk.get(None, "/console").headers["location"].endswith("/console/")
    assert desk.get(None, "/health/live").status_code == 200
    assert desk.get(None, "/api/v1/me").json()["code"] == "unauthenticated"
    assert desk.get("liming", "/api/v1/me").json()["name"] == "liming名"


def test_style_and_icon_come_from_the_service_and_are_kept(desk: Desk) -> None:
    for name, kind in (("console.css", "text/css; charset=utf-8"), ("icon.svg", "image/svg+xml")):
        answer = desk.get(None, f"/console/static/{assets().version}/{name}")

        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
        assert "immutable" in answer.headers["cache-control"]
    assert "url(" not in answer.text


@pytest.mark.parametrize(("purpose", "kept"), [("核查  违规\n", "核查 违规"), ("", ""), (" ", "")])
def test_why_locations_are_looked_at_is_kept_with_the_log_in(desk: Desk, purpose: str, kept: str) -> None:
    answer = desk.post("liming", "/console/purpose", {"purpose": purpose, "next": "/console/subjects"})

    assert answer.headers["location"] == "/console/subjects"
    with reading(desk.engine) as session:
        assert accounts.purpose_of(session, "liming") == kept
        assert accounts.purpose_of(session, "zhao") == ""


def test_a_purpose_that_is_too_long_is_refused(desk: Desk) -> None:
    answer = desk.post("liming", "/console/purpose", {"purpose": "长" * 501})

    assert answer.status_code == 422
    assert "不超过 500" in answer.text


@pytest.mark.parametrize(
    "path", ["/console/nowhere", "/console/violations/x", "/console/violations/99999999999999999999", "/console/queue?tab=x"]
)
def test_an_address_that_leads_nowhere_is_told_on_a_page_in_both_languages(desk: Desk, path: str) -> None:
    answer = desk.get("liming", path)

    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "没有该页面。" in answer.text
    assert "There is no such page." in answer.text


@pytest.mark.parametrize(
    ("failure", "status", "word"),
    [(RuntimeError("secret 30.05"), 500, "编号"), (exc.OperationalError("SELECT secret", {}, Exception("secret")), 503, "暂时无法使用")],
)
def test_what_fails_inside_is_told_without_its_inner_workings(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, failure: Exception, status: int, word: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(queue_page, "list_queue", fail)

    answer = desk.get("liming", "/console/queue")

    assert answer.status_code == status
    assert word in answer.text
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_browser_is_known_from_a_log_in_on_and_guesses_elsewhere_do_not_lock_it_out(desk: Desk) -> None:
    entered = desk.post(None, "/console/login", {"login": "liming", "password": PASSWORD})
    browser = entered.cookies[BROWSER_COOKIE]
    for _ in range(10):
        desk.post(None, "/console/login", {"login": "liming", "password": "wrong"})

    waits = desk.post(None, "/console/login", {"login": "liming", "password": PASSWORD})
    assert waits.status_code == 429
    assert "密码错误次数过多，请过 15 分钟再试" in waits.text
    desk.client.cookies.clear()
    headers = {"Cookie": f"{BROWSER_COOKIE}={browser}", "Origin": HOST}
    again = desk.client.post("/console/login", data={"login": "liming", "password": PASSWORD}, headers=headers, follow_redirects=False)
    assert again.status_code == 303
    assert again.cookies[BROWSER_COOKIE] == browser
