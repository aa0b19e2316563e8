"""Accounts in the console: made, changed, closed, by the administrator alone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlmodel import select

from corrections.store.database import reading
from corrections.store.tables import AuditEvent, Officer
from tests.console.desk import Desk

ACCOUNTS = "/console/admin/accounts"
NEW = {"login": "newone", "name": "新人", "role": "officer", "office": "1"}


def officer(desk: Desk, **which: Any) -> Officer:
    with reading(desk.engine) as session:
        found = session.exec(select(Officer).filter_by(**which)).one()
        session.expunge(found)
        return found


def shown_once(page: str) -> str:
    return re.findall(r'class="once"><code lang="zxx">[^<]*</code> <code lang="zxx">([^<]+)<', page)[0]


def test_an_account_is_made_and_its_password_shown_once(desk: Desk) -> None:
    password = shown_once(desk.post("admin", ACCOUNTS, NEW).text)

    assert officer(desk, login="newone").name == "新人"
    assert password not in desk.get("admin", ACCOUNTS).text
    assert desk.post(None, "/console/login", {"login": "newone", "password": password}).status_code == 303


def test_a_new_password_ends_the_old_one(desk: Desk) -> None:
    password = shown_once(desk.post("admin", f"{ACCOUNTS}/1", {"do": "password", "login": "liming"}).text)

    assert desk.post(None, "/console/login", {"login": "liming", "password": "correct horse battery"}).status_code == 401
    assert desk.post(None, "/console/login", {"login": "liming", "password": password}).status_code == 303
    assert desk.get("liming", "/console/queue").status_code == 303  # logged out


def test_an_account_is_changed_and_closed(desk: Desk) -> None:
    terms = {"do": "terms", "name": "李明明", "role": "officer", "office": "1"}
    assert desk.post("admin", f"{ACCOUNTS}/1", terms).status_code == 303
    assert desk.post("admin", f"{ACCOUNTS}/1", {"do": "deputy", "deputy": "2"}).status_code == 303
    assert (officer(desk, id=1).name, officer(desk, id=1).deputy_id) == ("李明明", 2)
    assert desk.post("admin", f"{ACCOUNTS}/1", {"do": "deputy", "deputy": ""}).status_code == 303
    assert officer(desk, id=1).deputy_id is None
    assert desk.post("admin", f"{ACCOUNTS}/1", {"do": "deactivate"}).status_code == 303
    assert not officer(desk, id=1).active
    assert "已停用" in desk.get("admin", f"{ACCOUNTS}/1").text


@pytest.mark.parametrize(
    ("path", "form", "kept"),
    [
        ("", NEW | {"login": "liming"}, "新人"),
        ("", NEW | {"office": "99"}, "newone"),
        ("/1", {"do": "terms", "name": " ", "role": "officer", "office": "1"}, ""),
        ("/1", {"do": "terms", "name": "别名", "role": "king", "office": "1"}, "别名"),
        ("/1", {"do": "deputy", "deputy": "5"}, ""),
        ("/7", {"do": "deactivate"}, "不能停用自己的账号"),
    ],
)
def test_what_is_refused_says_why_and_keeps_what_was_typed(desk: Desk, path: str, form: dict[str, str], kept: str) -> None:
    answer = desk.post("admin", ACCOUNTS + path, form)

    assert answer.status_code in (404, 409, 422)
    assert 'class="notice bad"' in answer.text
    assert kept in answer.text


def test_staff_are_found_by_name_login_and_office(desk: Desk) -> None:
    def found(query: str) -> set[str]:
        return set(re.findall(rf'href="{ACCOUNTS}/\d+" lang="zxx">([^<]+)<', desk.get("admin", f"{ACCOUNTS}?{query}").text))

    desk.post("admin", f"{ACCOUNTS}/2", {"do": "deactivate"})
    assert found("search=limin") == {"liming"}
    assert found("search=zhao名") == {"zhao"}
    assert found("office=1") == {"liming", "head"}
    assert found("office=1&closed=true") == {"liming", "wangfang", "head"}
    assert found("search=nobody") == set()


def test_nobody_else_keeps_accounts_and_each_change_is_on_record(desk: Desk) -> None:
    for login in ("head", "bureau", "liming", "auditor"):
        assert desk.post(login, ACCOUNTS, NEW).status_code == 403
        assert desk.post(login, f"{ACCOUNTS}/1", {"do": "password"}).status_code == 403
    assert desk.get("admin", f"{ACCOUNTS}/999").status_code == 404

    desk.post("admin", f"{ACCOUNTS}/1", {"do": "password", "login": "liming"})
    with reading(desk.engine) as session:
        event = session.exec(select(AuditEvent).where(AuditEvent.action == "officer.password").order_by(AuditEvent.id.desc())).first()  # type: ignore[union-attr]
        assert event is not None
        assert (event.actor, event.detail["officer"]) == ("admin名", "liming")
