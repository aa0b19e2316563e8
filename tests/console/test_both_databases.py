"""Every page of the console on the other database, in one go, with a review and what goes with it."""

from __future__ import annotations

from corrections.console.menu import MENU
from tests.console.desk import Desk

PAGES = (
    "/console/queue?tab=office&severity=medium&nature=conduct", "/console/queue?tab=decided", "/console/violations/1",
    "/console/violations/1/explanation", "/console/violations/1/revision", "/console/subjects/1", "/console/subjects/1/edit",
    "/console/subjects/1/entries", "/console/subjects/1/replay?day=2026-03-02", "/console/subjects/1/log/2026-03-01",
    "/console/map/positions", "/console/map/positions?west=119&south=29&east=121&north=31", "/console/map/zones", "/console/zones/1",
    "/console/zones/outlines.json", "/console/zones/1/edit", "/console/zones/new", "/console/leave/new?subject=1",
    "/console/search?q=对象", "/console/search?q=1", "/console/agenda?days=90&mine=false", "/console/statistics",
    "/console/statistics/statistics.csv", "/console/objections", "/console/notices?tab=done", "/console/admin/roster",
    "/console/admin/import", "/console/admin/settings",
    "/console/subjects/new", "/console/account",
)  # fmt: skip


def test_every_page_opens_on_postgresql(desk_on_postgresql: Desk) -> None:
    desk = desk_on_postgresql
    for login in ("head", "bureau"):
        desk.say_why(login, "核查")
        menu = [entry.address for _, entries in MENU for entry in entries if entry.section != "audit"]
        opened = {address: desk.get(login, address).status_code for address in (*menu, *PAGES)}
        assert {address: status for address, status in opened.items() if status != 200} == {}
    assert desk.get("auditor", "/console/audit").status_code == 200
    for address in ("accounts?search=li", "accounts/1", "gateways", "outbox", "condition"):
        assert desk.get("admin", f"/console/admin/{address}").status_code == 200


def test_a_violation_is_decided_and_a_round_gone_through_on_postgresql(desk_on_postgresql: Desk) -> None:
    desk = desk_on_postgresql
    assert desk.step("liming", "claim").status_code == 303
    assert desk.step("liming", "note", text="看过").status_code == 303
    assert desk.step("liming", "decide", decision="false_alarm", cause="position_error", reason="漂移").status_code == 303
    assert desk.post("liming", "/console/checks", {"whole": "yes"}).status_code == 303
    assert desk.get("liming", "/console/checks/1").status_code == 200
