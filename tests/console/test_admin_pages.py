"""Administration in the console: accounts, offices, importing with a preview of errors, settings in force, the roster."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlmodel import select

from corrections.store.database import reading
from corrections.store.tables import Absence, Duty, Office, Officer
from tests.console.desk import HOST, Desk

PAGES = ("", "/accounts", "/offices", "/import", "/settings", "/roster")
OFFICES = "code,name\nN9,新所\n"


def upload(desk: Desk, login: str, do: str, content: str, kind: str = "offices") -> Any:
    desk.client.cookies.clear()
    headers = {"Cookie": f"corrections_session={login}", "Origin": HOST}
    return desk.client.post(
        "/console/admin/import", data={"kind": kind, "do": do}, files={"file": ("x.csv", content.encode(), "text/csv")}, headers=headers
    )


def named(desk: Desk, table: Any, **which: Any) -> Any:
    with reading(desk.engine) as session:
        found = session.exec(select(table).filter_by(**which)).first()
        if found is not None:
            session.expunge(found)
        return found


@pytest.mark.parametrize("page", PAGES)
def test_it_is_for_those_who_keep_and_speaks_both_languages(desk: Desk, page: str) -> None:
    assert desk.get("admin", f"/console/admin{page}").status_code == 200
    assert desk.get("admin", f"/console/admin{page}", language="en").status_code == 200
    assert desk.get("liming", f"/console/admin{page}").status_code == 403
    assert desk.get("auditor", f"/console/admin{page}").status_code == 403
    assert desk.get("head", f"/console/admin{page}").status_code == (403 if page in ("/accounts", "/offices") else 200)


def test_an_account_is_made_and_its_password_shown_once(desk: Desk) -> None:
    made = desk.post("admin", "/console/admin/accounts", {"login": "new", "name": "新人", "role": "officer", "office": "1"})
    password = re.findall(r"<code>([^<]+)</code>", made.text)[1]

    assert named(desk, Officer, login="new").name == "新人"
    assert password not in desk.get("admin", "/console/admin/accounts").text
    assert desk.post(None, "/console/login", {"login": "new", "password": password}).status_code == 303


def test_an_account_is_changed_and_closed(desk: Desk) -> None:
    terms = {"name": "李明明", "role": "officer", "office": "1", "deputy": ""}
    assert desk.post("admin", "/console/admin/accounts/1", terms).status_code == 303
    assert named(desk, Officer, id=1).name == "李明明"
    assert desk.post("admin", "/console/admin/accounts/1", {"do": "deactivate"}).status_code == 303
    assert not named(desk, Officer, id=1).active


def test_a_login_that_is_taken_keeps_what_was_typed(desk: Desk) -> None:
    answer = desk.post("admin", "/console/admin/accounts", {"login": "liming", "name": "别人", "role": "officer", "office": "1"})

    assert answer.status_code in (409, 422)
    assert "别人" in answer.text


def test_a_file_is_looked_through_before_it_is_taken_in(desk: Desk) -> None:
    looked = upload(desk, "admin", "check", OFFICES)
    assert "将导入" in looked.text
    assert named(desk, Office, code="N9") is None

    again = {name: re.search(rf'name="{name}" value="([^"]*)"', looked.text)[1] for name in ("filename", "content")}
    taken = desk.post("admin", "/console/admin/import", again | {"kind": "offices", "do": "import"})
    assert "已导入" in taken.text
    assert named(desk, Office, code="N9").name == "新所"


def test_every_fault_is_told_with_its_row(desk: Desk) -> None:
    page = upload(desk, "admin", "import", "code,name\n,无编号\nN8,\n").text

    assert "逐行错误" in page
    assert page.count("<tr><td>") >= 2
    assert named(desk, Office, code="N8") is None


def test_an_office_is_made_and_renamed(desk: Desk) -> None:
    assert desk.post("admin", "/console/admin/offices", {"code": "N7", "name": "七所"}).status_code == 303
    made = named(desk, Office, code="N7")
    assert desk.post("admin", "/console/admin/offices", {"office": made.id, "name": "新七所"}).status_code == 303
    assert named(desk, Office, code="N7").name == "新七所"


def test_settings_say_what_they_mean_and_hide_secrets(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    page = desk.get("admin", "/console/admin/settings").text

    assert "rules.boundary.preset" in page
    assert "sqlite:///" not in page
    assert "<code>database_url</code>" in page


def test_a_duty_and_an_absence_are_planned_and_ended(desk: Desk) -> None:
    span = {"starts_at": "2026-03-03T18:00", "ends_at": "2026-03-04T08:00", "officer": "1"}
    assert desk.post("head", "/console/admin/roster", span | {"what": "duty", "office": "1"}).status_code == 303
    assert desk.post("head", "/console/admin/roster", span | {"what": "absence", "reason": "年休假"}).status_code == 303
    duty, absence = named(desk, Duty), named(desk, Absence)
    assert desk.post("head", "/console/admin/roster", {"cancel_duty": duty.id}).status_code == 303
    assert desk.post("head", "/console/admin/roster", {"end_absence": absence.id}).status_code == 303
    assert named(desk, Duty).revoked_at is not None
    assert desk.post("head", "/console/admin/roster", {"what": "duty", "officer": "1"}).status_code == 422
