"""Reports on leave in the supervision log: on the day of which they tell, and as an addition where they are recorded later."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from corrections.domain.casework import LeaveKind, LeaveReason, LeaveReportKind
from corrections.records import leave, log_page, logs
from corrections.store.access import Own
from corrections.store.database import writing
from corrections.store.tables import LogDay
from tests.records.scene import DAY, HOUR, SETTINGS, an_actor, local, settle

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
START, END = local("2026-03-02"), local("2026-03-03")
NASTY = "<script>alert('x')</script>"


def on_leave(session: Session) -> None:
    """Request 1: from Monday, 8 o'clock, until Tuesday, 18 o'clock."""
    settle(session)
    span = START + 8 * HOUR, END + 18 * HOUR
    wanted = leave.Wanted(LeaveKind.LEAVE, LeaveReason.MEDICAL, "省城" + NASTY, *span)
    leave.request_leave(session, Own(1), 1, wanted, settings=SETTINGS, now=START - DAY)
    leave.approve_leave(session, an_actor(session, "wangfang"), 1, revision=1, settings=SETTINGS, now=START - DAY)


def reported(session: Session, kind: LeaveReportKind, at: datetime, now: datetime | None = None, text: str = "") -> None:
    leave.report_leave(session, Own(1) if now is None else an_actor(session), 1, kind, at=at, text=text, now=now or at)


def written(session: Session, day: date, now: datetime) -> dict[str, Any]:
    content: dict[str, Any] = logs.write_day(session, 1, day, SETTINGS, now).content
    return content


def test_each_day_tells_what_she_reported_that_day(database: Engine) -> None:
    with writing(database) as session:
        on_leave(session)
        reported(session, LeaveReportKind.DEPARTURE, START + 9 * HOUR)
        reported(session, LeaveReportKind.RETURN, END + 20 * HOUR, END + 21 * HOUR, "火车晚点")

        monday = written(session, MONDAY, END + 3 * DAY)["log"]["leave_reports"]
        tuesday = written(session, TUESDAY, END + 3 * DAY)["log"]["leave_reports"]

    assert [(one["kind"], one["by"], one["at"]) for one in monday.values()] == [("departure", None, "2026-03-02T01:00:00Z")]
    (back,) = tuesday.values()  # after the permit had ended
    assert (back["kind"], back["by"], back["text"], back["recorded_at"]) == ("return", "李明", "火车晚点", "2026-03-03T13:00:00Z")


def test_a_day_without_reports_says_nothing_of_them(database: Engine) -> None:
    with writing(database) as session:
        on_leave(session)

        assert "leave_reports" not in written(session, MONDAY, END + DAY)["log"]


def test_what_is_recorded_after_the_day_was_closed_is_an_addition(database: Engine) -> None:
    with writing(database) as session:
        on_leave(session)
        written(session, MONDAY, END + HOUR)
        reported(session, LeaveReportKind.ARRIVAL, START + 11 * HOUR, END + 2 * HOUR)
        logs.write_day(session, 1, MONDAY, SETTINGS, END + 3 * HOUR)

        parts = session.exec(select(LogDay).where(LogDay.day == MONDAY.isoformat()).order_by(col(LogDay.part))).all()
    assert [part.part for part in parts] == [0, 1]
    assert [why["en"] for why in parts[1].content["why"]] == ["a report on leave was recorded"]


def test_a_return_that_is_recorded_weeks_later_still_comes_into_the_log_of_its_day(database: Engine) -> None:
    later = END + 40 * DAY
    with writing(database) as session:
        on_leave(session)
    logs.close_days(database, SETTINGS, later - DAY)
    with writing(database) as session:
        reported(session, LeaveReportKind.RETURN, END + 17 * HOUR, later)
    logs.close_days(database, SETTINGS, later + HOUR)

    with writing(database) as session:
        added = session.exec(select(LogDay).where(LogDay.day == TUESDAY.isoformat(), LogDay.part == 1)).one()
        assert ["leave_reports"] in [change["path"] for change in added.content["changes"]]


@pytest.mark.parametrize(
    ("language", "words"), [("zh", ("外出报告", "出发", "本人报告")), ("en", ("Reports on leave", "departure", "herself"))]
)
def test_it_stands_on_the_page_harmlessly(database: Engine, language: str, words: tuple[str, ...]) -> None:
    with writing(database) as session:
        on_leave(session)
        reported(session, LeaveReportKind.DEPARTURE, START + 9 * HOUR, text=NASTY)
        written(session, MONDAY, END + HOUR)
        days = logs.read_log(session, an_actor(session), 1, MONDAY, MONDAY, purpose="核查", settings=SETTINGS, now=END + timedelta(hours=2))

    page = log_page.render(days, language=language)
    assert all(word in page for word in words)
    assert "<script>" not in page
