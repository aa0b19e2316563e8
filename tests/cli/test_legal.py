"""``corrections legal``: what is due, the law's terms and searches, from the machine itself, in an officer's name."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from corrections.clock import SetClock
from corrections.store.database import reading, writing
from corrections.store.tables import AuditEvent, Subject
from tests.cli.conftest import Run
from tests.review.scene import NOW, settle

START = ("legal", "clock", "start", "S1", "--as", "liming", "--kind", "out_of_contact", "--basis", "家属称当日离家")


@pytest.fixture
def office(on_database: Run, database: Engine, clock: SetClock) -> Run:
    clock.set(NOW)
    with writing(database) as session:
        settle(session)
    return on_database


def test_from_the_proposed_start_to_the_end_of_a_term(office: Run, clock: SetClock) -> None:
    nothing = office("legal", "clock", "propose", "S1", "--as", "liming", "--kind", "out_of_contact").out
    proposed = office("legal", "clock", "propose", "S1", "--as", "liming", "--kind", "reporting_in", "--json").json
    started = office(*START, "--at", "2026-02-28", "--json").json
    listed = office("legal", "clock", "list", "--as", "head").out
    changed = office("legal", "clock", "change", "1", "--as", "liming", "--at", "2026-02-27T08:00", "--reason", "邻居当日见过").out
    ended = office("legal", "clock", "end", "2", "--as", "liming", "--note", "本人来所", "--json").json

    assert "Nothing is recorded" in nothing
    assert (proposed["at"], proposed["source"]) == ((NOW - timedelta(days=10)).isoformat().replace("+00:00", "Z"), "term")
    assert (started["starts_at"], started["day"], started["contact"]) == ("2026-02-27T16:00:00Z", 2, "within_days")
    assert "2026-03-11 00:00 over the number of days" in listed
    assert changed.split()[:2] == ["2", "S1"]
    assert ended["ended_at"] is not None
    assert office("legal", "clock", "list", "--json").json == []
    assert [one["id"] for one in office("legal", "clock", "list", "--all", "--json").json] == [2, 1]
    assert office("legal", "clock", "end", "2", "--as", "liming", "--note", "再次").code == 1


def test_the_agenda_says_what_may_be_proposed_and_on_what_it_rests(office: Run) -> None:
    office(*START, "--at", "2026-02-01")

    table = office("legal", "agenda", "--as", "liming").out
    items = office("legal", "agenda", "--subject", "S1", "--until", "2026-03-31", "--json").json["items"]

    row = table.splitlines()[2]
    assert row.startswith("2026-03-02 00:00  0 ")
    assert "proposal to revoke probation; warning" in row
    assert "Supreme Court's Interpretation of the Criminal Procedure Law, Art 543" in row
    assert [(item["kind"], item["contact"], item["overdue"]) for item in items] == [("out_of_contact", "over_month", True)]
    assert office("legal", "agenda", "--as", "auditor").code == 1


def test_a_search_from_its_opening_to_its_end(office: Run, database: Engine, clock: SetClock) -> None:
    opened = office(
        "legal", "search", "open", "S1", "--as", "liming", "--reason", "电话不通", "--clock-from", "2026-03-01T08:00", "--json"
    )  # fmt: skip
    step = office(
        "legal", "search", "step", "1", "--as", "liming", "--kind", "police", "--text", "已通知派出所", "--at", "2026-03-02T08:30"
    )
    listed = office("legal", "search", "list", "--as", "head").out
    closed = office("legal", "search", "close", "1", "--as", "liming", "--outcome", "custody", "--note", "被拘留")
    shown = office("legal", "search", "show", "1", "--as", "head", "--json").json

    assert (opened.json["clock_id"], opened.json["steps"]) == (1, [])
    assert "2026-03-02 08:30  police asked to assist  已通知派出所" in step.out
    assert "电话不通" in listed
    assert "Register the status: in custody" in closed.out
    assert (shown["outcome"], shown["status_wanted"], shown["police_told_at"]) == ("custody", "custody", "2026-03-02T00:30:00Z")
    assert office("legal", "search", "list", "--json").json == []
    assert [one["id"] for one in office("legal", "search", "list", "--all", "--subject", "S1", "--json").json] == [1]
    with reading(database) as session:
        assert session.exec(select(AuditEvent.action).where(AuditEvent.actor == "liming名")).all() == [
            "clock.start", "search.open", "search.step", "clock.end", "search.close",
        ]  # fmt: skip


def test_a_head_registers_custody_with_the_end_of_a_search(office: Run, database: Engine) -> None:
    office("legal", "search", "open", "S1", "--as", "liming", "--reason", "电话不通")
    close = ("legal", "search", "close", "1", "--outcome", "custody", "--note", "被拘留", "--register-status")

    assert office(*close, "--as", "liming").code == 1
    assert office(*close, "--as", "head").code == 0

    with reading(database) as session:
        assert session.get_one(Subject, 1).status == "custody"
