"""Closing days: every finished one once, amended by addition, and one subject's fault stops nobody."""

from __future__ import annotations

import logging
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from corrections.domain.model import Decision, SubjectStatus
from corrections.records import logs, permits, register
from corrections.records.log_content import amended, differences
from corrections.review import reviewing
from corrections.review.deadlines import Deadlines
from corrections.store.database import reading, writing
from corrections.store.tables import LogDay
from tests.records.scene import DAY, ENROLLED, HOUR, SETTINGS, a_subject, a_violation, an_actor, every, local, report, settle

MONDAY = date(2026, 3, 2)
START, END = local("2026-03-02"), local("2026-03-03")
NIGHT = END + 2 * HOUR + HOUR / 2


@pytest.fixture
def watched(database: Engine) -> Engine:
    """A subject with four days of reports, Saturday to Tuesday."""
    with writing(database) as session:
        settle(session)
        report(session, every(ENROLLED, ENROLLED + 4 * DAY))
    return database


def close(database: Engine, now: datetime) -> int:
    return logs.close_days(database, SETTINGS, now)


def days(database: Engine, subject: int = 1) -> list[tuple[str, int]]:
    with reading(database) as session:
        rows = session.exec(select(LogDay).where(LogDay.subject_id == subject).order_by(col(LogDay.day), col(LogDay.part)))
        return [(row.day, row.part) for row in rows]


def newest(database: Engine, day: date = MONDAY) -> LogDay:
    with writing(database) as session:
        rows = session.exec(select(LogDay).where(LogDay.day == day.isoformat()).order_by(col(LogDay.part).desc()))
        return rows.first()


def changed(row: LogDay) -> dict[str, tuple[Any, Any]]:
    return {".".join(c["path"]): (c.get("old"), c.get("new")) for c in row.content["changes"]}


def test_every_finished_day_is_closed_once(watched: Engine) -> None:
    assert close(watched, NIGHT) == 3
    assert close(watched, NIGHT) == 0
    assert close(watched, NIGHT + DAY) == 1

    assert days(watched) == [("2026-02-28", 0), ("2026-03-01", 0), ("2026-03-02", 0), ("2026-03-03", 0)]


def test_days_missed_while_the_service_was_down_come_from_the_data(watched: Engine) -> None:
    assert close(watched, NIGHT + 30 * DAY) == 33

    content = newest(watched, MONDAY).content["log"]
    assert content["coverage"]["reports"] == 144
    assert newest(watched, date(2026, 3, 20)).content["log"]["coverage"]["reports"] == 0


def test_recorded_reports_from_before_the_registration_get_their_days_within_the_term(database: Engine) -> None:
    with writing(database) as session:
        settle(session)
        register.change_subject(session, None, 1, term_from=ENROLLED - 2 * DAY, now=ENROLLED)
        report(session, [ENROLLED - 5 * DAY, ENROLLED - HOUR])

    close(database, ENROLLED + HOUR)

    assert days(database) == [("2026-02-26", 0), ("2026-02-27", 0)]


def test_the_log_ends_with_the_term(database: Engine) -> None:
    with writing(database) as session:
        settle(session)
        a_subject(session, "S2", days=2)

    close(database, NIGHT)

    assert days(database, 2) == [("2026-02-28", 0), ("2026-03-01", 0)]


@pytest.mark.parametrize(("status", "last"), [(SubjectStatus.ENDED, "2026-03-01"), (SubjectStatus.CUSTODY, "2026-03-02")])
def test_the_log_ends_with_supervision_and_goes_on_in_custody(watched: Engine, status: SubjectStatus, last: str) -> None:
    with writing(watched) as session:
        register.change_status(session, None, 1, status=status, since=ENROLLED + DAY + HOUR, rules=SETTINGS.rules, now=ENROLLED + 2 * DAY)

    close(watched, NIGHT)

    assert days(watched)[-1] == (last, 0)


def test_late_reports_amend_a_closed_day_with_old_and_new(watched: Engine) -> None:
    close(watched, NIGHT + DAY)
    with writing(watched) as session:
        report(session, [START + HOUR / 6 * 5.5], late=2 * DAY)

    assert close(watched, NIGHT + 2 * DAY) == 2  # the addition, and the day that ended since

    part = newest(watched)
    assert part.part == 1
    assert changed(part)["coverage.reports"] == (144, 145)
    assert [why["section"] for why in part.content["why"]] == ["coverage"]
    assert close(watched, NIGHT + 2 * DAY) == 0


def test_late_reports_of_an_old_day_amend_it_too(watched: Engine) -> None:
    close(watched, NIGHT + 40 * DAY)
    with writing(watched) as session:
        report(session, [START + HOUR], late=40 * DAY)

    close(watched, NIGHT + 40 * DAY)

    assert (newest(watched).part, changed(newest(watched))["coverage.reports"]) == (1, (144, 145))


def test_a_decision_amends_every_day_the_violation_touches(watched: Engine) -> None:
    with writing(watched) as session:
        violation = a_violation(session, START - HOUR, START + HOUR)
    close(watched, NIGHT)
    with writing(watched) as session:
        reviewing.claim(session, an_actor(session), 1, revision=violation.revision, deadlines=Deadlines.of(SETTINGS), now=NIGHT + HOUR)

    assert close(watched, NIGHT + 2 * HOUR) == 2

    part = newest(watched)
    assert changed(part)["violations.1.state"] == ("queued", "claimed")
    assert changed(part)["violations.1.claimed_by"] == (None, "李明")
    assert [why["section"] for why in part.content["why"]] == ["violations"]
    assert newest(watched, MONDAY - DAY).part == 1


def test_a_decision_long_after_amends_the_old_day(watched: Engine) -> None:
    with writing(watched) as session:
        violation = a_violation(session, START + HOUR, START + 2 * HOUR)
    later = NIGHT + 60 * DAY
    close(watched, later)
    with writing(watched) as session:
        reviewing.decide(
            session,
            an_actor(session, "wangfang"),
            1,
            revision=violation.revision,
            decision=Decision.CONFIRMED,
            reason="本人承认",
            now=later,
        )

    assert close(watched, later + HOUR) == 1

    assert changed(newest(watched))["violations.1.decision"] == (None, "confirmed")


def test_an_entry_and_a_revoked_leave_amend_their_day(watched: Engine) -> None:
    with writing(watched) as session:
        permit = permits.grant_leave(session, None, 1, destination="沈阳", valid_from=START, valid_until=END, approved_by="王芳", now=START)
        permit_id = permit.id
    close(watched, NIGHT)
    with writing(watched) as session:
        logs.add_entry(session, an_actor(session), 1, kind=logs.EntryKind.VISIT, content="家访", at=START + HOUR, now=NIGHT)
        permits.revoke_leave(session, None, permit_id, at=START + 2 * HOUR, now=NIGHT)

    close(watched, NIGHT + HOUR)

    assert [why["section"] for why in newest(watched).content["why"]] == ["leaves", "entries"]
    assert changed(newest(watched))["entries.1"][1]["content"] == "家访"


def test_an_episode_that_only_goes_on_does_not_amend_the_day_before(watched: Engine) -> None:
    with writing(watched) as session:
        violation = a_violation(session, START + HOUR, None)
    close(watched, NIGHT)
    with writing(watched) as session:
        stored = session.merge(violation)
        stored.reason_zh, stored.reason_en, stored.last_fix_at = "更远了", "further", NIGHT
        stored.evidence = {"deciding": []}

    assert close(watched, NIGHT + HOUR) == 0


def test_what_is_said_of_a_closed_day_does_not_follow_the_register(watched: Engine) -> None:
    close(watched, NIGHT)
    with writing(watched) as session:
        register.change_subject(session, None, 1, name="李四", officer_id=2, now=NIGHT)

    assert close(watched, NIGHT + HOUR) == 0


def test_a_second_addition_holds_only_what_changed_since_the_first(watched: Engine) -> None:
    close(watched, NIGHT + DAY)
    for hours in (1, 2):
        with writing(watched) as session:
            report(session, [START + hours * HOUR + HOUR / 12], late=2 * DAY)
        close(watched, NIGHT + DAY + hours * HOUR)

    assert newest(watched).part == 2
    assert changed(newest(watched))["coverage.reports"] == (145, 146)


def test_closed_days_cannot_be_changed_in_the_database(watched: Engine) -> None:
    close(watched, NIGHT)

    for statement in ("UPDATE log_day SET day = '2026-01-01'", "DELETE FROM log_day"):
        with pytest.raises(DBAPIError), watched.begin() as connection:
            connection.execute(text(statement))


def test_one_subjects_fault_stops_nobody_else(watched: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    with writing(watched) as session:
        a_subject(session, "S2")
        a_subject(session, "S3")
    real = logs.whereabouts

    def failing(session: Session, subject: Any, *rest: Any) -> Any:
        if subject.number == "S2":
            raise ValueError("zone 7 is broken")
        return real(session, subject, *rest)

    monkeypatch.setattr(logs, "whereabouts", failing)

    with caplog.at_level(logging.ERROR):
        assert close(watched, NIGHT) == 6

    assert (len(days(watched, 2)), len(days(watched, 3))) == (0, 3)
    assert "zone 7 is broken" in caplog.text
    monkeypatch.undo()
    assert close(watched, NIGHT) == 3


def test_each_bureaus_days_are_its_own(database: Engine) -> None:
    with writing(database) as session:
        settle(session, "America/New_York", enrolled=local("2026-02-28", "America/New_York"))

    close(database, local("2026-03-02T01:00", "America/New_York"))

    assert days(database) == [("2026-02-28", 0), ("2026-03-01", 0)]


def test_differences_name_what_is_new_gone_and_changed_and_can_be_applied() -> None:
    old = {"a": {"b": 1, "c": 2}, "list": [1], "gone": {"x": 1}, "same": 1}
    new = {"a": {"b": 1, "c": 3}, "list": [1, 2], "new": {"y": 1}, "same": 1}

    changes = list(differences(old, new))

    assert changes == [
        {"path": ["a", "c"], "old": 2, "new": 3},
        {"path": ["gone"], "old": {"x": 1}},
        {"path": ["list"], "old": [1], "new": [1, 2]},
        {"path": ["new"], "new": {"y": 1}},
    ]
    assert amended(old, changes) == new


def test_a_reason_is_told_anew_only_with_something_else() -> None:
    old = {"1": {"state": "queued", "reason_en": "far"}, "2": {"state": "queued", "reason_en": "far"}}
    new = {"1": {"state": "queued", "reason_en": "further"}, "2": {"state": "decided", "reason_en": "further"}}

    assert [change["path"] for change in differences(old, new)] == [["2", "state"], ["2", "reason_en"]]
