"""``corrections queue``: looking at what waits, and each step in an officer's name."""

from __future__ import annotations

import typing
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from corrections.cli import queue as commands
from corrections.clock import SetClock
from corrections.domain.model import Decision, FalseAlarmCause, Nature, NoticeKind, Recipient, ReviewState, Rule, Severity
from corrections.review import notices, queue
from corrections.review.deadlines import Deadlines
from corrections.review.escalation import escalate_due
from corrections.review.reviewing import Answer, Means
from corrections.settings import Settings
from corrections.store.database import writing
from corrections.store.tables import AuditEvent, ReviewEvent, Subject, Violation
from tests.cli.conftest import NOW, Run

HOUR = timedelta(hours=1)


@pytest.fixture
def waiting(founded: Run, database: Engine) -> Run:
    """Violation 1 of S1 waits for liming."""
    with writing(database) as session:
        violation = Violation(
            bureau_id=1, office_id=2, subject_id=1, rule=Rule.SILENCE.value, nature=Nature.TECHNICAL.value, severity=Severity.MEDIUM.value,
            started_at=NOW - HOUR, opened_at=NOW, last_fix_at=NOW, detected_at=NOW, evidence={"deciding": [{"lat": 41.5}]},
            reason_zh="没有联系", reason_en="No contact",
        )  # fmt: skip
        queue.raise_violation(session, violation, Deadlines.of(Settings()), NOW)
    return founded


def test_the_queue_is_listed_with_who_has_it_and_until_when(waiting: Run) -> None:
    said = waiting("queue", "list")

    assert said.code == 0
    row = said.out.splitlines()[2].split()
    assert row[:2] == ["1", "S1"]
    assert {"李明", "2026-03-03", "14:00", "waiting", "medium", "technical"} <= set(row)


def test_what_is_open_of_one_subject_is_listed_as_one_matter(waiting: Run) -> None:
    said = waiting("queue", "matters")

    assert said.code == 0
    assert said.out.splitlines()[2].split() == ["1", "S1", "1", "out", "of", "contact", "李明", "2026-03-03", "14:00"]
    assert waiting("queue", "matters", "--json").json["items"][0]["items"][0]["id"] == 1
    assert waiting("queue", "matters", "--as", "wangfang", "--mine", "--json").json["items"] == []
    assert waiting("queue", "matters", "--mine").code == 2


def test_the_list_can_be_narrowed(waiting: Run) -> None:
    def numbers(*arguments: str) -> list[int]:
        return [item["id"] for item in waiting("queue", "list", "--json", *arguments).json["items"]]

    assert numbers("--as", "liming", "--mine") == [1]
    assert numbers("--as", "wangfang", "--mine") == []
    assert numbers("--as", "wangfang") == [1]
    assert numbers("--state", "decided") == []
    assert numbers("--subject", "S1") == [1]


def test_mine_needs_to_know_whose(waiting: Run) -> None:
    assert waiting("queue", "list", "--mine").code == 2


def test_who_may_not_review_sees_nothing(waiting: Run) -> None:
    said = waiting("queue", "list", "--as", "admin")

    assert (said.code, said.err) == (1, "Error: Your role (administrator) does not allow this: review.\n")


def test_the_evidence_is_shown_for_a_purpose_that_is_recorded(waiting: Run, database: Engine) -> None:
    without = waiting("queue", "show", "1", "--as", "liming", "--json")
    with_it = waiting("queue", "show", "1", "--as", "liming", "--purpose", "核实", "--json")

    assert "evidence" not in without.json
    assert [step["kind"] for step in without.json["history"]] == ["detected", "assigned"]
    assert with_it.json["evidence"] == {"deciding": [{"lat": 41.5}]}
    with writing(database) as session:
        event = session.exec(select(AuditEvent).order_by(col(AuditEvent.id).desc())).first()
        assert (event.action, event.purpose, event.actor, event.origin) == ("location.read", "核实", "李明", "cli")


def test_a_violation_is_followed_to_its_decision(waiting: Run, database: Engine) -> None:
    steps = [
        ("claim",),
        ("contact", "--means", "phone", "--whom", "本人", "--answer", "not_reached", "--text", "关机"),
        ("note", "--text", "稍后再试"),
        ("decide", "--decision", "false_alarm", "--cause", "device_fault", "--reason", "手机损坏"),
    ]

    said = [waiting("queue", step[0], "1", "--as", "liming", *step[1:]) for step in steps]

    assert [s.code for s in said] == [0, 0, 0, 0]
    assert "decided  李明  false alarm" in said[-1].out
    with writing(database) as session:
        violation = session.get_one(Violation, 1)
        assert (violation.review_state, violation.decision, violation.cause, violation.decided_by) == (
            "decided",
            "false_alarm",
            "device_fault",
            3,
        )
        kinds = session.exec(select(ReviewEvent.kind).order_by(col(ReviewEvent.id))).all()
        assert kinds == ["detected", "assigned", "claimed", "contacted", "noted", "decided"]
    shown = waiting("queue", "show", "1", "--as", "liming").out
    assert "phone 本人 not_reached 关机" in shown


def test_a_violation_can_be_put_back_handed_over_and_reopened(waiting: Run) -> None:
    waiting("queue", "claim", "1", "--as", "liming")
    released = waiting("queue", "release", "1", "--as", "liming", "--note", "休假", "--json").json
    handed = waiting("queue", "hand-over", "1", "--as", "liming", "--to", "wangfang", "--reason", "休假", "--json").json
    waiting("queue", "decide", "1", "--as", "wangfang", "--decision", "confirmed", "--reason", "本人承认")
    reopened = waiting("queue", "reopen", "1", "--as", "wangfang", "--reason", "补充证据", "--json").json

    assert released["review_state"] == "queued"
    assert handed["officer_name"] == "王芳"
    assert (reopened["review_state"], reopened["decision"]) == ("queued", None)


def test_a_notice_is_told_in_the_history_in_one_language(waiting: Run, database: Engine) -> None:
    with writing(database) as session:
        subject, text = session.get_one(Subject, 1), ("请检查手机", "Check your phone")
        notice = notices.notify(session, subject, Recipient.SUBJECT, NoticeKind.SILENCE, text, NOW)
        notices.tell_of(session, session.get_one(Violation, 1), notice, NOW)

    shown = waiting("queue", "show", "1", "--as", "liming").out

    assert "notice  service  Check your phone\n" in shown


def test_what_changed_is_told_in_the_history(waiting: Run, database: Engine) -> None:
    with writing(database) as session:
        changes = {"started_at": NOW - 2 * HOUR}
        queue.revise(session, session.get_one(Violation, 1), changes, NOW, note="later evidence", told=[("提前", "began 1 hour earlier")])

    assert "evidence changed  service  began 1 hour earlier" in waiting("queue", "show", "1", "--as", "liming").out


def test_of_two_who_saw_the_same_revision_the_second_is_told_who_was_first(waiting: Run, clock: SetClock) -> None:
    assert waiting("queue", "claim", "1", "--as", "liming", "--revision", "1").code == 0

    late = waiting("queue", "claim", "1", "--as", "wangfang", "--revision", "1")

    assert late.code == 1
    assert late.err.startswith("Error: 李明 was first (claimed, 2026-03-02 12:00).")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("claim", "9", "--as", "liming"), 1, "There is no violation 9 in your offices."),
        (("claim", "1", "--as", "nobody"), 1, "There is no active officer with the login nobody."),
        (("decide", "1", "--as", "liming", "--decision", "confirmed", "--reason", "x"), 1, "The violation is waiting"),
        (("decide", "1", "--as", "wangfang", "--decision", "false_alarm", "--reason", "x"), 1, "A false alarm needs its cause"),
        (("decide", "1", "--as", "wangfang", "--decision", "guilty", "--reason", "x"), 2, "guilty"),
        (("claim", "1"), 2, "--as"),
        (("list", "--subject", "S9"), 1, "There is no subject with the number S9."),
    ],
)
def test_a_step_that_cannot_be_taken_is_told(waiting: Run, arguments: tuple[str, ...], code: int, told: str) -> None:
    said = waiting("queue", *arguments)

    assert said.code == code
    assert told in said.err


def test_the_words_of_the_options_are_those_of_the_model() -> None:
    for name, words in (
        ("StateName", ReviewState), ("MeansName", Means), ("AnswerName", Answer), ("DecisionName", Decision),
        ("CauseName", FalseAlarmCause),
    ):  # fmt: skip
        assert set(typing.get_args(getattr(commands, name))) == set(words)


def test_to_whom_it_has_gone_up_is_told(waiting: Run, database: Engine) -> None:
    with writing(database) as session:
        escalate_due(session, Settings(), session.get_one(Violation, 1).due_at)

    shown = waiting("queue", "show", "1", "--as", "liming").out

    assert "gone up to: 王芳\n" in shown
    assert "escalated  service" in shown
