"""Objections: who makes and who answers them, by when, and what happens when nobody does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from corrections.domain.casework import ObjectedTo, ObjectionOutcome
from corrections.domain.model import ReviewState, Rule
from corrections.errors import Conflict, Forbidden, Invalid, NotFound
from corrections.records import objections
from corrections.settings import Settings
from corrections.settings.portal import ObjectionTerms, Portal
from corrections.store.access import Own
from corrections.store.database import writing
from corrections.store.tables import AuditEvent, Notice, Objection, Violation
from tests.review.scene import NOW, a_subject, a_violation, an_actor, an_officer, settle

TERMS = ObjectionTerms(valid_from=datetime(2020, 1, 1).date(), answer_days=5, remind_days=2, again_days=1)
SETTINGS = Settings(portal=Portal(objections=(TERMS,), objections_open=3))
MINUTE = timedelta(minutes=1)
HER = Own(1, "phone")
# NOW is Monday 2026-03-02, 09:00 in Shanghai; the bureau works until 17:30 (09:30 UTC).
DUE = datetime(2026, 3, 9, 9, 30, tzinfo=UTC)  # Monday in a week
REMIND = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)  # Thursday


@pytest.fixture
def session(database: Engine) -> Iterator[Session]:
    with writing(database) as session:
        subject = settle(session)
        a_subject(session, "S2", office_id=2, officer="zhao")
        a_violation(session, subject)
        yield session


def make(session: Session, actor: Any = HER, subject_id: int = 1, **terms: Any) -> Objection:
    given = {"about": ObjectedTo.OTHER, "text": "我不同意", "settings": SETTINGS, "now": NOW} | terms
    return objections.object_(session, actor, subject_id, **given)


def told(session: Session, objection: Objection) -> list[tuple[str, int | None, bool]]:
    """Who was told of it, in order, and whether that is over."""
    statement = select(Notice).where(Notice.about == f"objection:{objection.id}").order_by(col(Notice.id))
    return [(notice.recipient, notice.officer_id, notice.done_at is not None) for notice in session.exec(statement)]


def test_her_own_is_due_by_the_end_of_a_working_day_and_the_head_is_told(session: Session) -> None:
    objection = make(session, about=ObjectedTo.VIOLATION, about_id=1)

    assert (objection.due_at, objection.escalate_at, objection.recorded_by) == (DUE, REMIND, None)
    assert told(session, objection) == [("office_head", an_officer(session, "head").id, False)]
    event = session.exec(select(AuditEvent).where(AuditEvent.action == "objection.make")).one()
    assert (event.actor, event.subject_id) == ("subject", 1)


def test_days_off_do_not_count(session: Session) -> None:
    before_the_festival = datetime(2026, 4, 30, 1, 0, tzinfo=UTC)  # 1 to 5 May are off, Saturday the 9th is worked

    objection = make(session, now=before_the_festival)

    assert objection.due_at == datetime(2026, 5, 11, 9, 30, tzinfo=UTC)


def test_an_officer_takes_it_down_for_her(session: Session) -> None:
    liming = an_actor(session, "liming")

    assert make(session, liming).recorded_by == liming.officer_id
    with pytest.raises(NotFound):
        make(session, liming, 2)
    with pytest.raises(Forbidden):
        make(session, an_actor(session, "admin"))


def test_she_reaches_nobody_elses_matters(session: Session) -> None:
    other = a_violation(session, a_subject(session, "S3"))

    with pytest.raises(NotFound):
        make(session, HER, 2)
    with pytest.raises(NotFound):
        make(session, about=ObjectedTo.VIOLATION, about_id=other.id)


@pytest.mark.parametrize(
    ("about", "about_id"), [(ObjectedTo.VIOLATION, None), (ObjectedTo.MEASURE, None), (ObjectedTo.DATA, 1), (ObjectedTo.OTHER, 1)]
)
def test_it_says_what_it_is_about(session: Session, about: ObjectedTo, about_id: int | None) -> None:
    with pytest.raises(Invalid) as refused:
        make(session, about=about, about_id=about_id)

    assert refused.value.field == "about_id"


@pytest.mark.parametrize("text", ["", "  \n", "长" * 5001])
def test_it_says_something(session: Session, text: str) -> None:
    with pytest.raises(Invalid):
        make(session, text=text)


def test_what_she_is_not_shown_yet_is_not_there_for_her(session: Session) -> None:
    violation = session.get_one(Violation, 1)
    violation.rule = Rule.LEFT_BEHIND.value

    with pytest.raises(NotFound):
        make(session, about=ObjectedTo.VIOLATION, about_id=1)

    violation.review_state, violation.decision = ReviewState.DECIDED.value, "confirmed"
    assert make(session, about=ObjectedTo.VIOLATION, about_id=1).about_id == 1


def test_one_that_waits_is_not_made_twice_and_so_many_at_most_wait(session: Session) -> None:
    make(session, about=ObjectedTo.VIOLATION, about_id=1)
    with pytest.raises(Conflict):
        make(session, about=ObjectedTo.VIOLATION, about_id=1)

    make(session, about=ObjectedTo.DATA)
    make(session, about=ObjectedTo.DATA)
    with pytest.raises(Conflict):
        make(session)


def test_a_head_answers_once_and_she_is_told(session: Session) -> None:
    objection, head = make(session), an_actor(session, "head")

    objections.answer(session, head, objection.id, outcome=ObjectionOutcome.UPHELD, text="您说得对", now=NOW + MINUTE)

    assert (objection.answer, objection.outcome, objection.answered_by) == ("您说得对", "upheld", head.officer_id)
    assert told(session, objection) == [("office_head", head.officer_id, True), ("subject", None, False)]
    with pytest.raises(Conflict):
        objections.answer(session, head, objection.id, outcome=ObjectionOutcome.REJECTED, text="不", now=NOW + MINUTE)
    assert objections.objections_due(session, SETTINGS, DUE) == 0


@pytest.mark.parametrize(("login", "error"), [("liming", Forbidden), ("head2", NotFound), ("auditor", Forbidden)])
def test_nobody_else_answers(session: Session, login: str, error: type[Exception]) -> None:
    from corrections.domain.model import Role
    from corrections.records import accounts

    accounts.create_officer(session, None, office_id=2, login="head2", name="二所长", role=Role.OFFICE_HEAD, now=NOW)
    objection = make(session)

    with pytest.raises(error):
        objections.answer(session, an_actor(session, login), objection.id, outcome=ObjectionOutcome.UPHELD, text="好", now=NOW)


def test_who_decided_it_does_not_answer_and_the_bureau_is_told_instead(session: Session) -> None:
    head, bureau = an_actor(session, "head"), an_actor(session, "bureau")
    session.get_one(Violation, 1).decided_by = head.officer_id

    objection = make(session, about=ObjectedTo.VIOLATION, about_id=1)

    assert told(session, objection) == [("bureau", None, False)]
    with pytest.raises(Forbidden):
        objections.answer(session, head, objection.id, outcome=ObjectionOutcome.REJECTED, text="不", now=NOW)
    answered = objections.answer(session, bureau, objection.id, outcome=ObjectionOutcome.PARTLY, text="部分", now=NOW)
    assert answered.outcome == "partly"


def test_the_head_is_reminded_and_the_bureau_told_at_the_minute_and_again_until_it_is_answered(session: Session) -> None:
    objection = make(session)
    moments = [REMIND, DUE, DUE + timedelta(days=1), DUE + timedelta(days=2)]

    for number, at in enumerate(moments, 1):
        assert objections.objections_due(session, SETTINGS, at - MINUTE) == 0
        assert objections.objections_due(session, SETTINGS, at) == 1
        assert objections.objections_due(session, SETTINGS, at) == 0
        assert len(told(session, objection)) == 1 + number

    assert [recipient for recipient, _, _ in told(session, objection)] == ["office_head", "office_head", "bureau", "bureau", "bureau"]
    assert (objection.escalation, objection.due_at) == (3, DUE)


def test_a_run_that_comes_late_tells_once_as_of_when_it_was_due(session: Session) -> None:
    objection = make(session)

    assert objections.objections_due(session, SETTINGS, DUE + timedelta(days=3)) == 1

    late = session.exec(select(Notice).where(Notice.recipient == "bureau")).one()
    assert (late.at, late.severity) == (DUE, "high")
    assert objection.escalate_at == datetime(2026, 3, 13, 9, 30, tzinfo=UTC)


def test_officers_see_those_of_their_office_wherever_she_is_now(session: Session) -> None:
    objection = make(session)
    liming, zhao = an_actor(session, "liming"), an_actor(session, "zhao")

    assert [o.id for o in objections.list_objections(session, liming, open=True)] == [objection.id]
    assert not objections.list_objections(session, zhao)

    from corrections.store.tables import Subject

    session.get_one(Subject, 1).office_id = 2
    session.flush()
    assert [o.id for o in objections.list_objections(session, zhao)] == [objection.id]
    assert not objections.list_objections(session, liming, open=False)
