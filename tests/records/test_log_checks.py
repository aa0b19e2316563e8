"""Location checks and check-ins in the supervision log: what was found and who signed, what was asked and how it was answered; no place."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from corrections.records import log_page, logs
from corrections.store.database import writing
from corrections.store.tables import CheckEntry, CheckIn, CheckRound, LogDay
from tests.records.scene import DAY, HOUR, SETTINGS, local, settle

MONDAY = date(2026, 3, 2)
START, END = local("2026-03-02"), local("2026-03-03")
NIGHT = END + 2 * HOUR
NASTY = "<script>alert('x')</script>"


def a_round(session: Session, **changes: Any) -> CheckEntry:
    at = START + 9 * HOUR
    made = CheckRound(
        bureau_id=1, office_id=1, officer_id=1, schedule="morning", slot_at=at, state="signed", opened_at=at, due_at=at + 2 * HOUR,
        signed_at=at + HOUR, signed_by=1,
    )  # fmt: skip
    session.add(made)
    session.flush()
    terms = {
        "finding": "reached",
        "note": "电话联系，在家",
        "found_by": 1,
        "found_at": at + HOUR / 2,
        "lat": 30.123,
        "lon": 120.456,
    } | changes
    entry = CheckEntry(round_id=made.id, subject_id=1, fix_time=at - HOUR, side="right", **terms)
    session.add(entry)
    session.flush()
    return entry


def a_check_in(session: Session, **changes: Any) -> CheckIn:
    at = START + 14 * HOUR
    terms = {"schedule": "", "asked_by": 1, "purpose": "核实在家", "missed_at": at + HOUR / 2} | changes
    made = CheckIn(
        bureau_id=1, office_id=1, subject_id=1, slot_at=at, asked_at=at, token_hash=f"{changes}", expires_at=at + HOUR / 2, **terms
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def written(session: Session, day: date = MONDAY, now: Any = NIGHT) -> dict[str, Any]:
    content: dict[str, Any] = logs.write_day(session, 1, day, SETTINGS, now).content
    return content["log"]


def test_a_day_tells_its_rounds_and_check_ins(database: Engine) -> None:
    with writing(database) as session:
        settle(session)
        a_round(session)
        a_check_in(session)

        told = written(session)
        after = written(session, date(2026, 3, 3), END + 2 * DAY)

    assert told["checks"]["1"] == {
        "at": "2026-03-02T01:00:00Z", "label": {"zh": "早间定位核查", "en": "Morning round"}, "finding": "reached", "side": "right",
        "fix_time": "2026-03-02T00:00:00Z", "note": "电话联系，在家", "by": "李明", "found_at": "2026-03-02T01:30:00Z",
        "signed_at": "2026-03-02T02:00:00Z", "signed_by": "李明",
    }  # fmt: skip
    assert told["check_ins"]["1"] == {
        "at": "2026-03-02T06:00:00Z", "by": "李明", "purpose": "核实在家", "until": "2026-03-02T06:30:00Z", "answered_at": None,
        "located": False, "missed_at": "2026-03-02T06:30:00Z",
    }  # fmt: skip
    assert "30.123" not in str(told)
    assert not {"checks", "check_ins"} & after.keys()


def test_what_was_not_asked_is_not_in_it(database: Engine) -> None:
    with writing(database) as session:
        settle(session)
        a_check_in(session, skipped="outage", missed_at=None)

        assert "check_ins" not in written(session)


def test_what_is_signed_after_the_day_was_closed_is_an_addition(database: Engine) -> None:
    with writing(database) as session:
        settle(session)
        entry = a_round(session, finding=None, note="", found_by=None, found_at=None)
        made = session.get_one(CheckRound, entry.round_id)
        made.state, made.signed_at, made.signed_by = "open", None, None
        written(session)
        entry.finding, entry.note, entry.found_by, entry.found_at = "not_reached", "两次未接", 1, END + 9 * HOUR

        logs.write_day(session, 1, MONDAY, SETTINGS, END + 2 * DAY)

        first, later = session.exec(select(LogDay).where(LogDay.day == "2026-03-02").order_by(col(LogDay.part))).all()
        assert first.content["log"]["checks"]["1"]["finding"] is None
        assert ["checks", "1", "finding"] in [change["path"] for change in later.content["changes"]]


def test_the_page_tells_them_in_both_languages_and_runs_nothing(database: Engine) -> None:
    with writing(database) as session:
        settle(session)
        a_round(session, note=NASTY)
        a_check_in(session, purpose=NASTY)
        a_check_in(session, schedule="check-in-strict", asked_by=None, purpose="", missed_at=None, answered_at=START + 14.1 * HOUR)
        written(session)

        days = logs.read_log(session, None, 1, MONDAY, MONDAY, "核对", NIGHT)
        page = log_page.render(days)

    for said in (
        "定位核查",
        "Location checks",
        "早间定位核查",
        "已联系上本人",
        "签到",
        "Check-ins",
        "系统随机要求签到",
        "asked by the service",
    ):
        assert said in page
    assert NASTY not in page
    assert "30.123" not in page
