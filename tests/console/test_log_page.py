"""Whose days of the log are written, and officers' own entries."""

from __future__ import annotations

import pytest

from tests.console.desk import Desk


def test_an_entry_is_written_and_shown(desk: Desk) -> None:
    written = desk.post("liming", "/console/subjects/1/entries", {"kind": "visit", "content": "入户走访，在家。"})

    assert written.status_code == 303
    assert "入户走访，在家。" in desk.get("liming", "/console/subjects/1/entries").text
    assert desk.purposes() == []


@pytest.mark.parametrize("wrong", [{"content": " "}, {"content": "话", "at": "2027-01-01T00:00"}, {"content": "话", "kind": "x"}])
def test_what_cannot_be_an_entry_keeps_what_was_typed(desk: Desk, wrong: dict[str, str]) -> None:
    answer = desk.post("liming", "/console/subjects/1/entries", {"kind": "talk"} | wrong)

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_days_are_listed_within_reach(desk: Desk) -> None:
    page = desk.get("liming", "/console/log").text

    assert "/console/subjects/1/log/2026-03-02" in page
    assert "/console/subjects/2/" not in page
    assert "not yet" in desk.get("liming", "/console/log", language="en").text


@pytest.mark.parametrize(("login", "status"), [("zhao", 404), ("auditor", 403), ("admin", 403)])
def test_an_office_and_a_role_are_the_boundary(desk: Desk, login: str, status: int) -> None:
    assert desk.get(login, "/console/subjects/1/entries").status_code == status
