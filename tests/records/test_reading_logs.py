"""Reading a log, and making entries: whose, why, and what is told."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from corrections.errors import CorrectionsError, Forbidden, Invalid, NotFound
from corrections.records import logs, register
from corrections.store.database import writing
from corrections.store.tables import AuditEvent
from tests.records.scene import DAY, ENROLLED, HOUR, SETTINGS, a_violation, an_actor, every, local, report, settle

MONDAY = date(2026, 3, 2)
START, END = local("2026-03-02"), local("2026-03-03")
NIGHT = END + 2 * HOUR


@pytest.fixture
def closed(database: Engine) -> Engine:
    with writing(database) as session:
        settle(session)
        report(session, every(ENROLLED, ENROLLED + 4 * DAY))
    logs.close_days(database, SETTINGS, NIGHT)
    return database


def test_a_read_is_audited_with_its_purpose(closed: Engine) -> None:
    with writing(closed) as session:
        logs.read_log(session, an_actor(session), 1, MONDAY, MONDAY, "月度考核", NIGHT)

        event = session.exec(select(AuditEvent).order_by(col(AuditEvent.id).desc())).first()
        assert (event.action, event.subject_id, event.purpose, event.actor) == ("location.read", 1, "月度考核", "李明")


def test_the_operators_read_is_audited_too(closed: Engine) -> None:
    with writing(closed) as session:
        logs.read_log(session, None, 1, MONDAY, MONDAY, "检察监督", NIGHT)

        event = session.exec(select(AuditEvent).order_by(col(AuditEvent.id).desc())).first()
        assert (event.action, event.subject_id, event.purpose, event.actor) == ("location.read", 1, "检察监督", "operator")


@pytest.mark.parametrize("login", ["liming", None])
def test_nobody_reads_without_a_purpose(closed: Engine, login: str | None) -> None:
    with writing(closed) as session, pytest.raises(Invalid) as refusal:
        logs.read_log(session, an_actor(session, login) if login else None, 1, MONDAY, MONDAY, "  ", NIGHT)

    assert refusal.value.field == "purpose"


def test_who_may_not_see_locations_may_not_read_the_log(closed: Engine) -> None:
    with writing(closed) as session, pytest.raises(Forbidden):
        logs.read_log(session, an_actor(session, "admin"), 1, MONDAY, MONDAY, "看看", NIGHT)


def test_another_offices_subject_is_not_found(closed: Engine) -> None:
    with writing(closed) as session:
        register.create_office(session, None, bureau_id=1, code="YX2", name="东门司法所", now=NIGHT)
        register.change_subject(session, None, 1, office_id=2, officer_id=None, now=NIGHT)
        with pytest.raises(NotFound):
            logs.read_log(session, an_actor(session), 1, MONDAY, MONDAY, "核查", NIGHT)


@pytest.mark.parametrize("days", [-1, 366])
def test_a_span_that_cannot_be_is_refused(closed: Engine, days: int) -> None:
    with writing(closed) as session, pytest.raises(Invalid):
        logs.read_log(session, an_actor(session), 1, MONDAY, MONDAY + days * DAY, "核查", NIGHT)


def test_days_come_in_order_and_closed_ones_only(closed: Engine) -> None:
    with writing(closed) as session:
        days = logs.read_log(session, an_actor(session), 1, MONDAY - 9 * DAY, MONDAY + 9 * DAY, "核查", NIGHT)

    assert [(day["day"], day["closed"]) for day in days] == [("2026-02-28", True), ("2026-03-01", True), ("2026-03-02", True)]


def test_with_settings_the_open_days_are_told_up_to_now(closed: Engine) -> None:
    with writing(closed) as session:
        days = logs.read_log(session, an_actor(session), 1, MONDAY, MONDAY + 9 * DAY, "核查", NIGHT + 3 * HOUR, settings=SETTINGS)

    assert [(day["day"], day["closed"]) for day in days] == [("2026-03-02", True), ("2026-03-03", False)]
    assert days[1]["log"]["length_s"] == 5 * 3600
    assert days[1]["log"]["until"] == "2026-03-02T21:00:00Z"
    assert sum(days[1]["log"]["presence"][name] for name in ("right_s", "wrong_s", "unknown_s")) == 5 * 3600


def test_an_amended_day_is_told_as_it_stands_with_its_additions(closed: Engine) -> None:
    with writing(closed) as session:
        a_violation(session, START + HOUR, START + 2 * HOUR)
        report(session, [START + HOUR], late=2 * DAY)
        logs.write_day(session, 1, MONDAY, SETTINGS, NIGHT + HOUR)

        day = logs.read_log(session, an_actor(session), 1, MONDAY, MONDAY, "核查", NIGHT + HOUR)[0]

    assert day["log"]["coverage"]["reports"] == 145
    assert day["log"]["violations"]["1"]["state"] == "queued"
    assert [part["part"] for part in day["parts"]] == [1]
    assert {why["section"] for why in day["parts"][0]["why"]} == {"coverage", "violations"}
    assert {"path": ["coverage", "reports"], "old": 144, "new": 145} in day["parts"][0]["changes"]


def test_an_entry_is_kept_with_its_author_and_audited_without_its_content(closed: Engine) -> None:
    with writing(closed) as session:
        entry = logs.add_entry(session, an_actor(session), 1, kind=logs.EntryKind.EDUCATION, content=" 集中学习 ", at=NIGHT, now=NIGHT)

        assert (entry.day, entry.kind, entry.content, entry.officer_id) == ("2026-03-03", "education", "集中学习", 1)
        event = session.exec(select(AuditEvent).order_by(col(AuditEvent.id).desc())).first()
        assert (event.action, event.subject_id) == ("log.entry", 1)
        assert "集中学习" not in str(event.detail)


@pytest.mark.parametrize(
    ("login", "content", "ago", "error"),
    [
        ("liming", " ", 0 * DAY, Invalid),
        ("liming", "x" * 10_001, 0 * DAY, Invalid),
        ("liming", "a\x00b", 0 * DAY, Invalid),
        ("liming", "明天的事", -HOUR, Invalid),
        ("liming", "太久以前", 15 * DAY, Invalid),
        ("admin", "不该写", 0 * DAY, Forbidden),
    ],
)
def test_an_entry_that_cannot_be_is_refused(closed: Engine, login: str, content: str, ago: object, error: type[CorrectionsError]) -> None:
    with writing(closed) as session, pytest.raises(error):
        logs.add_entry(session, an_actor(session, login), 1, kind=logs.EntryKind.OTHER, content=content, at=NIGHT - ago, now=NIGHT)
