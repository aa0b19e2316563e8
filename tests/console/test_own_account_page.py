"""Everybody's own account: the password by the old one, the deputy, what others keep of it."""

from __future__ import annotations

import pytest

from corrections.store.database import reading
from corrections.store.tables import Officer
from corrections.web import SESSION_COOKIE
from tests.console.desk import PASSWORD, Desk

ACCOUNT = "/console/account"
NEW = "another fine battery"


def changing(**given: str) -> dict[str, str]:
    return {"do": "password", "current": PASSWORD, "password": NEW, "again": NEW} | given


def test_the_password_is_changed_by_the_old_one_and_every_log_in_ends(desk: Desk) -> None:
    other = desk.post(None, "/console/login", {"login": "liming", "password": PASSWORD}).cookies[SESSION_COOKIE]

    answer = desk.post("liming", ACCOUNT, changing())

    assert (answer.status_code, answer.headers["location"]) == (303, "/console/login?done=password")
    assert "密码已更改" in desk.get(None, answer.headers["location"]).text
    assert desk.get("liming", "/console/").status_code == desk.get(other, "/console/").status_code == 303
    assert desk.post(None, "/console/login", {"login": "liming", "password": PASSWORD}).status_code == 401
    assert desk.post(None, "/console/login", {"login": "liming", "password": NEW}).status_code == 303


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"current": "wrong"}, "当前密码错误"),
        ({"again": NEW + "x"}, "两次输入的新密码不一致"),
        ({"password": "short", "again": "short"}, "密码至少 12 个字符"),
        ({"password": "liming liming 12", "again": "liming liming 12"}, "不得包含账号"),
    ],
)
def test_what_is_refused_says_why_keeps_no_password_and_ends_nothing(desk: Desk, given: dict[str, str], said: str) -> None:
    answer = desk.post("liming", ACCOUNT, changing(**given))

    assert answer.status_code == 422
    assert said in answer.text
    assert NEW not in answer.text
    assert PASSWORD not in answer.text
    assert desk.get("liming", "/console/").status_code == 200


def test_she_says_who_stands_in_for_her(desk: Desk) -> None:
    assert desk.post("liming", ACCOUNT, {"do": "deputy", "deputy": "2"}).status_code == 303
    with reading(desk.engine) as session:
        assert session.get_one(Officer, 1).deputy_id == 2

    assert desk.post("liming", ACCOUNT, {"do": "deputy", "deputy": "4"}).status_code == 422  # of another office
    assert desk.post("liming", ACCOUNT, {"do": "deputy"}).status_code == 303
    with reading(desk.engine) as session:
        assert session.get_one(Officer, 1).deputy_id is None


@pytest.mark.parametrize("login", ["liming", "head", "bureau", "admin", "auditor"])
def test_every_page_leads_to_it_for_every_role(desk: Desk, login: str) -> None:
    assert f'href="{ACCOUNT}"' in desk.get(login, ACCOUNT).text


def test_the_administrator_changes_her_own_password_there_alone(desk: Desk) -> None:
    assert "我的账号" in desk.post("admin", "/console/admin/accounts/7", {"do": "password"}).text
