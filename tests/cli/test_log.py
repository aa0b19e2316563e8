"""``corrections log``: reading a supervision log for a purpose, adding to it, closing days."""

from __future__ import annotations

import stat
import typing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from corrections.cli import log as commands
from corrections.clock import SetClock
from corrections.records.logs import EntryKind
from corrections.store.database import writing
from corrections.store.tables import AuditEvent, LogDay, Report
from tests.cli.conftest import NOW, Run

DAY = timedelta(days=1)
LOOK = ("--as", "liming", "--purpose", "月度考核")


@pytest.fixture
def logged(founded: Run, database: Engine, clock: SetClock) -> Run:
    """S1 reported for six hours from noon of Monday 2 March on; it is Tuesday noon, and Monday is closed."""
    with writing(database) as session:
        for i in range(36):
            at = NOW + i * timedelta(minutes=10)
            session.add(
                Report(bureau_id=1, subject_id=1, device_id=1, fix_time=at, received_at=at, digest=i, lat=41.5, lon=122.7, raw=b"{}")
            )
    clock.advance(DAY)
    assert founded("log", "close", "--json").json == {"written": 1}
    return founded


def test_closing_evaluates_first_and_closes_every_finished_day_once(logged: Run, database: Engine, clock: SetClock) -> None:
    clock.advance(2 * DAY)

    assert logged("log", "close").out == "Wrote 2 parts of logs (additions included).\n"
    assert logged("log", "close", "--json").json == {"written": 0}
    with writing(database) as session:
        assert session.exec(select(LogDay.day).order_by(col(LogDay.day))).all() == ["2026-03-02", "2026-03-03", "2026-03-04"]


def test_a_day_is_shown_as_text(logged: Run) -> None:
    said = logged("log", "show", "S1", "2026-03-02", *LOOK)

    assert said.out.splitlines()[0] == "S1 张三  2026-03-02  closed 2026-03-03 12:00"
    assert "36 reports, 36 positions, 36 contacts" in said.out


def test_a_day_is_shown_as_json_and_open_days_too(logged: Run) -> None:
    days = logged("log", "show", "S1", "2026-03-01", "--until", "2026-03-09", "--json", *LOOK).json

    assert [(day["day"], day["closed"]) for day in days] == [("2026-03-02", True), ("2026-03-03", False)]
    assert days[0]["log"]["coverage"]["reports"] == 36


def test_a_day_is_shown_as_a_page_in_a_file_that_only_the_owner_reads(logged: Run, tmp_path: Path) -> None:
    (tmp_path / "log.html").write_text("old")
    (tmp_path / "log.html").chmod(0o644)

    said = logged("log", "show", "S1", "2026-03-02", "--format", "html", "--out", "log.html", *LOOK)

    page = (tmp_path / "log.html").read_text(encoding="utf-8")
    assert said.out == "Written to log.html, readable by you only.\n"
    assert page.startswith("<!doctype html>")
    assert "李明 2026-03-03 12:00" in page
    assert stat.S_IMODE((tmp_path / "log.html").stat().st_mode) == 0o600


def test_a_look_is_recorded_with_its_purpose(logged: Run, database: Engine) -> None:
    logged("log", "show", "S1", "2026-03-02", *LOOK)

    with writing(database) as session:
        event = session.exec(select(AuditEvent).order_by(col(AuditEvent.id).desc())).first()
        assert (event.action, event.subject_id, event.purpose, event.origin) == ("location.read", 1, "月度考核", "cli")


def test_an_entry_is_added_and_shown(logged: Run) -> None:
    said = logged("log", "add", "S1", "--as", "liming", "--kind", "visit", "--content", "家访", "--at", "2026-03-02T15:30")

    assert said.out == "Added to the log of 2026-03-02.\n"
    assert logged("log", "close", "--json").json == {"written": 1}
    shown = logged("log", "show", "S1", "2026-03-02", *LOOK).out
    assert "2026-03-02 15:30 visit 李明: 家访" in shown
    assert "addition 1 2026-03-03 12:00 an officer made an entry" in shown


def test_an_empty_span_says_so(logged: Run) -> None:
    assert logged("log", "show", "S1", "2025-01-01", *LOOK).out == "There is no log for these days.\n"


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("show", "S1", "2026-03-02", "--as", "liming"), 2, "--purpose"),
        (("show", "S1", "2026-03-02", "--purpose", "x"), 2, "--as"),
        (("show", "S1", "2026-03-02", "--as", "liming", "--purpose", " "), 1, "the purpose is recorded"),
        (("show", "S1", "2026-03-02", "--as", "admin", "--purpose", "x"), 1, "does not allow this: read_location"),
        (("show", "S1", "yesterday", *LOOK), 1, "yesterday is not a day"),
        (("show", "S9", "2026-03-02", *LOOK), 1, "There is no subject with the number S9."),
        (("show", "S1", "2026-03-02", "--until", "2026-03-01", *LOOK), 1, "Choose a first and a last day"),
        (("add", "S1", "--as", "liming", "--kind", "visit", "--content", "x", "--at", "2026-01-01"), 1, "about the last 14 days"),
        (("add", "S1", "--as", "liming", "--kind", "party", "--content", "x"), 2, "party"),
    ],
)
def test_what_cannot_be_is_told(logged: Run, arguments: tuple[str, ...], code: int, told: str) -> None:
    said = logged("log", *arguments)

    assert said.code == code
    assert told in said.err


def test_the_words_of_the_options_are_those_of_the_model() -> None:
    assert set(typing.get_args(commands.KindName)) == set(EntryKind)
