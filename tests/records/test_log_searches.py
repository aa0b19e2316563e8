"""Searches in the supervision log: on each day what was done then, with who did it, and what was recorded later as an addition."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from corrections.domain.casework import SearchOutcome, SearchStepKind
from corrections.records import log_page, logs, searches
from corrections.store.database import writing
from corrections.store.tables import LogDay
from tests.records.scene import DAY, HOUR, SETTINGS, an_actor, local, settle

MONDAY = date(2026, 3, 2)
START, END = local("2026-03-02"), local("2026-03-03")
NIGHT = END + 2 * HOUR
NASTY = "<script>alert('x')</script>"


def opened(session: Session, at: datetime) -> int:
    case = searches.open_search(session, an_actor(session), 1, reason="电话不通，家中无人", settings=SETTINGS, now=at)
    assert case.id is not None
    return case.id


def step(session: Session, at: datetime, now: datetime | None = None, text: str = "无人接听", **terms: Any) -> None:
    given = {"kind": SearchStepKind.PHONE} | terms
    searches.add_step(session, an_actor(session), 1, at=at, text=text, now=now or at, **given)


def closed(session: Session, at: datetime) -> None:
    outcome = {"outcome": SearchOutcome.FOUND, "note": "在亲戚家"}
    searches.close_search(session, an_actor(session), 1, **outcome, settings=SETTINGS, now=at)


def written(session: Session, day: date, now: datetime) -> dict[str, Any]:
    content: dict[str, Any] = logs.write_day(session, 1, day, SETTINGS, now).content
    return content


def test_each_day_tells_what_was_done_of_a_search_that_day(database: Engine) -> None:
    with writing(database) as session:
        settle(session)
        opened(session, START + 10 * HOUR)
        step(session, START + 11 * HOUR)
        step(session, END + 9 * HOUR, kind=SearchStepKind.POLICE, text="已通知派出所")
        closed(session, END + 20 * HOUR)

        monday = written(session, MONDAY, END + 3 * DAY)["log"]["searches"]["1"]
        tuesday = written(session, MONDAY + timedelta(days=1), END + 3 * DAY)["log"]["searches"]["1"]
        wednesday = written(session, MONDAY + timedelta(days=2), END + 3 * DAY)["log"]

    assert (monday["from"], monday["by"], monday["until"], list(monday["steps"])) == ("2026-03-02T02:00:00Z", "李明", None, ["1"])
    assert "outcome" not in monday  # what came of it later is not that day's
    assert tuesday["steps"] == {"2": {"at": "2026-03-03T01:00:00Z", "kind": "police", "by": "李明", "text": "已通知派出所", "found": False}}
    assert (tuesday["until"], tuesday["outcome"], tuesday["closed_by"], tuesday["note"]) == (
        "2026-03-03T12:00:00Z", "found", "李明", "在亲戚家",
    )  # fmt: skip
    assert "searches" not in wednesday


def test_a_step_before_the_search_was_opened_stands_on_its_own_day(database: Engine) -> None:
    with writing(database) as session:
        settle(session)
        opened(session, END + HOUR)
        step(session, START + 20 * HOUR, END + 2 * HOUR)

        assert list(written(session, MONDAY, NIGHT + DAY)["log"]["searches"]["1"]["steps"]) == ["1"]


def test_what_is_recorded_after_the_day_was_closed_is_added(database: Engine) -> None:
    with writing(database) as session:
        settle(session)
        written(session, MONDAY, NIGHT)
        opened(session, NIGHT + HOUR)
        step(session, START + 20 * HOUR, NIGHT + 2 * HOUR)

        added = written(session, MONDAY, NIGHT + DAY)
        again = written(session, MONDAY, NIGHT + 2 * DAY)
        parts = session.exec(select(LogDay.part).where(col(LogDay.day) == MONDAY.isoformat())).all()

    assert [why["section"] for why in added["why"]] == ["searches"]
    assert [change["path"] for change in added["changes"]] == [["searches"]]
    assert (again, list(parts)) == (added, [0, 1])


@pytest.mark.parametrize(("language", "words"), [("zh", ["查找", "通信联络", "已查找到"]), ("en", ["Search", "contact by phone", "found"])])
def test_the_page_shows_it_and_runs_nothing_that_was_typed(database: Engine, language: str, words: list[str]) -> None:
    with writing(database) as session:
        settle(session)
        written(session, MONDAY, NIGHT)
        opened(session, NIGHT + HOUR)
        step(session, START + 20 * HOUR, NIGHT + 2 * HOUR, text=NASTY, found=True)
        closed(session, NIGHT + 3 * HOUR)
        written(session, MONDAY, NIGHT + DAY)
        written(session, MONDAY + timedelta(days=1), NIGHT + 2 * DAY)
        days = logs.read_log(session, an_actor(session), 1, MONDAY, MONDAY + timedelta(days=1), "核查", NIGHT + 2 * DAY)

    page = log_page.render(days, language=language)

    assert [word for word in words if word not in page] == []
    assert NASTY not in page
    assert "&lt;script&gt;" in page
