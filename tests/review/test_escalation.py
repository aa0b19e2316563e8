"""What nobody decides: its owner is reminded, it goes up at the minute that the settings say, and nothing is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from corrections.domain.model import Decision
from corrections.records import accounts
from corrections.review import queue, reviewing
from corrections.review.escalation import escalate_due, remind_due
from corrections.review.reassigning import reassign_due
from corrections.store.database import open_database, reading, writing
from corrections.store.tables import Notice, Officer, ReviewEvent, Violation
from tests.review.scene import (
    DEADLINES,
    HOUR,
    MINUTE,
    NOW,
    SETTINGS,
    a_violation,
    an_actor,
    an_officer,
    away,
    forget_notices,
    last_event,
    settle,
)

LIMING, WANGFANG, HEAD, BUREAU = 1, 2, 3, 4
DUE = NOW + 4 * HOUR  # of severity high: reminded an hour before; deputy at once, head after 1 h, bureau after 2 h
INSTANT = timedelta(microseconds=1)


def raised(session: Session, deputy: str | None = "wangfang", severity: str = "high") -> Violation:
    """A violation of liming's, whose deputy is wangfang."""
    violation = a_violation(session, settle(session), severity=severity)
    an_officer(session, "liming").deputy_id = an_officer(session, deputy).id if deputy else None
    session.flush()
    forget_notices(session)
    return violation


def ups(session: Session, violation: Violation) -> list[tuple[int, int | None, datetime]]:
    """Level, to whom, and when, of each time that it went up."""
    e = ReviewEvent
    found = session.exec(select(e).where(e.violation_id == violation.id, e.kind == "escalated").order_by(col(e.id)))
    return [(event.content["level"], event.content["to"], event.at) for event in found]


def told(session: Session) -> list[tuple[int | None, str, datetime]]:
    return [(n.officer_id, n.kind, n.at) for n in session.exec(select(Notice).order_by(col(Notice.id)))]


@pytest.mark.parametrize("chore", [remind_due, escalate_due])
def test_nothing_happens_before_its_time(database: Engine, chore: Callable[..., int]) -> None:
    with writing(database) as session:
        violation = raised(session)
        moment = violation.remind_at if chore is remind_due else violation.escalate_at
        assert moment is not None

        assert chore(session, SETTINGS, moment - INSTANT) == 0
        assert chore(session, SETTINGS, moment) == 1
        assert chore(session, SETTINGS, moment) == 0


@pytest.mark.parametrize(("claimed", "whom"), [(False, LIMING), (True, WANGFANG)])
def test_whoever_has_it_in_hand_is_reminded_once(database: Engine, claimed: bool, whom: int) -> None:
    with writing(database) as session:
        violation = raised(session)
        if claimed:
            reviewing.claim(session, an_actor(session, "wangfang"), 1, revision=1, deadlines=DEADLINES, now=NOW)

        remind_due(session, SETTINGS, DUE - 50 * MINUTE)

        assert told(session) == [(whom, "due_soon", DUE - HOUR)]
        assert (last_event(session, violation).kind, last_event(session, violation).at) == ("notified", DUE - HOUR)
        assert "2026-03-02 13:00" in session.exec(select(Notice.text_zh)).one()


def test_it_goes_up_level_by_level_at_the_minute_and_the_bureau_is_told_again(database: Engine) -> None:
    levels = [(1, WANGFANG, DUE), (2, HEAD, DUE + HOUR), (3, BUREAU, DUE + 2 * HOUR)]
    with writing(database) as session:
        violation = raised(session)

        for level, whom, at in levels:
            assert violation.escalate_at == at
            escalate_due(session, SETTINGS, at)
            assert (violation.escalation, violation.escalated_to) == (level, whom)
        assert ups(session, violation) == levels

        again = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)  # it went up at 15:00; four working hours later is 10:00 of the next day
        assert violation.escalate_at == again
        escalate_due(session, SETTINGS, again)
        assert ups(session, violation)[3:] == [(3, BUREAU, again)]
        assert violation.escalate_at == again + 5.5 * HOUR
        assert violation.revision == 1  # it took nobody's page from her


def test_those_concerned_are_told(database: Engine) -> None:
    with writing(database) as session:
        raised(session)

        escalate_due(session, SETTINGS, DUE)

        assert told(session) == [(LIMING, "escalated", DUE), (WANGFANG, "escalated", DUE)]
        hers, deputys = session.exec(select(Notice).order_by(col(Notice.id))).all()
        assert "已上报代理人" in hers.text_zh
        assert "gone up to you" in deputys.text_en


def test_eight_hours_late_it_bears_the_moments_at_which_it_was_due(database: Engine) -> None:
    with writing(database) as session:
        violation = raised(session)
        late = DUE + 8 * HOUR

        assert (remind_due(session, SETTINGS, late), escalate_due(session, SETTINGS, late)) == (1, 1)

        assert ups(session, violation) == [(1, WANGFANG, DUE), (2, HEAD, DUE + HOUR), (3, BUREAU, DUE + 2 * HOUR)]
        assert violation.escalate_at is not None
        assert violation.escalate_at > late
        assert escalate_due(session, SETTINGS, late) == 0


ABSENT = [
    # who is absent, whether there is a deputy, what the levels are then
    ([], False, [(2, HEAD, DUE), (3, BUREAU, DUE + 2 * HOUR)]),
    (["wangfang"], True, [(2, HEAD, DUE), (3, BUREAU, DUE + 2 * HOUR)]),
    (["wangfang", "head"], True, [(3, BUREAU, DUE)]),
    (["wangfang", "head", "bureau"], True, [(3, BUREAU, DUE)]),
]


@pytest.mark.parametrize(("absent", "deputy", "levels"), ABSENT)
def test_a_level_that_has_nobody_is_passed_over_for_the_next_at_once(
    database: Engine, absent: list[str], deputy: bool, levels: list[tuple[int, int, datetime]]
) -> None:
    with writing(database) as session:
        violation = raised(session, "wangfang" if deputy else None)
        for login in absent:
            away(session, login, DUE + 24 * HOUR)

        for at in (DUE, DUE + HOUR, DUE + 2 * HOUR):
            escalate_due(session, SETTINGS, at)

        assert ups(session, violation) == levels


def test_it_does_not_go_up_to_whoever_has_it_already(database: Engine) -> None:
    with writing(database) as session:
        violation = raised(session)
        reviewing.claim(session, an_actor(session, "head"), 1, revision=1, deadlines=DEADLINES, now=NOW)

        escalate_due(session, SETTINGS, DUE + HOUR)

        assert ups(session, violation) == [(1, WANGFANG, DUE), (3, BUREAU, DUE + HOUR)]


def test_where_the_bureau_has_it_already_it_is_told_again_all_the_same(database: Engine) -> None:
    with writing(database) as session:
        violation = raised(session)
        violation.officer_id = BUREAU

        escalate_due(session, SETTINGS, DUE)

        assert ups(session, violation) == [(2, HEAD, DUE)]
        escalate_due(session, SETTINGS, DUE + 2 * HOUR)
        assert ups(session, violation)[1:] == [(3, None, DUE + 2 * HOUR)]
        assert violation.escalated_to == HEAD


def test_who_answers_for_it_has_it_among_her_own(database: Engine) -> None:
    with writing(database) as session:
        raised(session)
        mine = lambda login: [i.id for i in queue.list_queue(session, an_actor(session, login), mine=True, now=DUE).items]  # noqa: E731
        assert mine("wangfang") == []

        escalate_due(session, SETTINGS, DUE)

        assert (mine("wangfang"), mine("head")) == ([1], [])


@pytest.mark.parametrize("end", ["decided", "withdrawn"])
def test_nothing_more_is_due_once_it_is_over(database: Engine, end: str) -> None:
    with writing(database) as session:
        violation = raised(session)
        escalate_due(session, SETTINGS, DUE)
        if end == "decided":
            reviewing.decide(session, an_actor(session, "head"), 1, revision=1, decision=Decision.CONFIRMED, reason="属实", now=DUE)
        else:
            queue.withdraw(session, violation, DUE, note="late reports")

        assert (violation.remind_at, violation.escalate_at, violation.claimed_until) == (None, None, None)
        assert session.exec(select(Notice).where(col(Notice.done_at).is_(None))).all() == []
        assert escalate_due(session, SETTINGS, DUE + 99 * HOUR) == remind_due(session, SETTINGS, DUE + 99 * HOUR) == 0


def test_one_that_is_reopened_begins_anew(database: Engine) -> None:
    with writing(database) as session:
        violation = raised(session)
        escalate_due(session, SETTINGS, DUE)
        head, later = an_actor(session, "head"), DUE + HOUR
        reviewing.decide(session, head, 1, revision=1, decision=Decision.CONFIRMED, reason="属实", now=later)

        reviewing.reopen(session, head, 1, revision=2, reason="有新情况", deadlines=DEADLINES, now=later)

        assert (violation.escalation, violation.escalated_to, violation.due_at) == (0, None, later + 4 * HOUR)
        assert (violation.remind_at, violation.escalate_at) == (later + 3 * HOUR, later + 4 * HOUR)


def test_what_nobody_can_take_has_come_to_the_bureau_at_once(database: Engine) -> None:
    with writing(database) as session:
        subject = settle(session)
        for officer in session.exec(select(Officer)):
            officer.active = False

        violation = a_violation(session, subject)

        assert (violation.officer_id, violation.escalation) == (None, 3)
        assert ups(session, violation) == [(3, None, NOW)]
        assert [(n.recipient, n.officer_id, n.kind) for n in session.exec(select(Notice))] == [("bureau", None, "escalated")]


def test_whoever_it_went_up_to_and_then_left_is_replaced(database: Engine) -> None:
    with writing(database) as session:
        violation = raised(session)
        escalate_due(session, SETTINGS, DUE + HOUR)
        accounts.create_officer(session, None, office_id=1, login="head2", name="新所长", role="office_head", now=NOW)  # type: ignore[arg-type]
        an_officer(session, "head").active = False

        assert reassign_due(session, SETTINGS, DUE + HOUR + MINUTE) == 1
        escalate_due(session, SETTINGS, DUE + HOUR + MINUTE)

        assert (violation.escalation, violation.escalated_to) == (2, an_officer(session, "head2").id)
        assert violation.escalate_at == DUE + 2 * HOUR


def test_of_two_processes_that_run_at_once_one_acts(database: Engine, database_url: str) -> None:
    with writing(database) as session:
        raised(session)
    barrier, acted = Barrier(2), []

    def run() -> None:
        engine = open_database(database_url)
        barrier.wait()
        with writing(engine) as session:
            acted.append(escalate_due(session, SETTINGS, DUE))
        engine.dispose()

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(acted) == [0, 1]
    with reading(database) as session:
        assert ups(session, session.get_one(Violation, 1)) == [(1, WANGFANG, DUE)]
