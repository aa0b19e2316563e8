"""Who has what at night, on holidays, on leave and after: the officer on duty, deputies, and back in the morning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from corrections.domain.model import Decision
from corrections.records import register, roster
from corrections.records.accounts import actor_of
from corrections.review import queue, reviewing
from corrections.review.assignment import Why, assignment_for, may_take
from corrections.review.reassigning import reassign_due
from corrections.settings import Queue, Settings
from corrections.settings.queue import QueueTerms
from corrections.store.database import writing
from corrections.store.tables import Notice, Violation
from tests.review.scene import (
    DEADLINES,
    HOUR,
    MINUTE,
    SETTINGS,
    a_subject,
    a_violation,
    an_actor,
    an_officer,
    away,
    forget_notices,
    kinds,
    last_event,
    settle,
)

LIMING, WANGFANG, HEAD, BUREAU, ZHAO = 1, 2, 3, 4, 5


def at(text: str) -> datetime:
    """A moment on the bureau's wall clocks; 2 March 2026 is a Monday."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)


EVENING, NIGHT, MORNING = at("2026-03-02 17:30"), at("2026-03-02 23:10"), at("2026-03-03 08:30")


def on_duty(session: Session, login: str, since: datetime = EVENING, until: datetime = MORNING, office_id: int | None = None) -> int:
    officer_id = an_officer(session, login).id
    duty = roster.plan_duty(session, None, officer_id, office_id=office_id, starts_at=since, ends_at=until, now=since)
    assert duty.id is not None
    return duty.id


def at_night(session: Session, severity: str = "high", now: datetime = NIGHT, **more: Any) -> Violation:
    """A violation of liming's subject that came up at night, when zhao of the other office is on duty for all."""
    subject = settle(session)
    on_duty(session, "zhao")
    return a_violation(session, subject, now, severity=severity, **more)


# severity, when, to whom and why; zhao is on duty from 17:30 to 8:30
NIGHTS = [
    ("high", "2026-03-02 23:10", ZHAO, Why.ON_DUTY),
    ("grave", "2026-03-03 07:00", ZHAO, Why.ON_DUTY),
    ("high", "2026-03-03 04:29", ZHAO, Why.ON_DUTY),  # due 8:29
    ("high", "2026-03-03 04:30", LIMING, Why.SUBJECTS_OFFICER),  # due when she is there again
    ("high", "2026-03-02 17:29", LIMING, Why.SUBJECTS_OFFICER),
    ("medium", "2026-03-02 23:10", LIMING, Why.SUBJECTS_OFFICER),
    ("low", "2026-03-03 04:00", LIMING, Why.SUBJECTS_OFFICER),
]


@pytest.mark.parametrize(("severity", "now", "whom", "why"), NIGHTS)
def test_what_falls_due_before_the_bureau_works_again_goes_to_the_officer_on_duty(
    database: Engine, severity: str, now: str, whom: int, why: Why
) -> None:
    with writing(database) as session:
        violation = at_night(session, severity, at(now))

        assert (violation.officer_id, violation.assigned_why) == (whom, why)
        assert [(n.officer_id, n.kind) for n in session.exec(select(Notice))] == [(whom, "assigned")]


def test_a_public_holiday_is_like_a_night_and_a_worked_sunday_is_not(database: Engine) -> None:
    holiday, worked = at("2026-10-01 10:00"), at("2026-09-20 10:00")
    with writing(database) as session:
        subject = settle(session)
        for day in (holiday, worked):
            on_duty(session, "zhao", day - HOUR, day + 24 * HOUR)

        assert a_violation(session, subject, holiday, severity="high", zone_id=1).officer_id == ZHAO
        assert a_violation(session, subject, worked, severity="high", zone_id=2).officer_id == LIMING


ON_DUTY = [
    # who is on duty (and for which office), who is absent, to whom
    ([("zhao", None), ("wangfang", 1)], [], WANGFANG),  # for this very office first
    ([("zhao", None), ("liming", None)], [], LIMING),
    ([("zhao", 2)], [], LIMING),  # for another office
    ([("zhao", None)], ["zhao"], LIMING),
    ([("zhao", None)], ["liming"], ZHAO),
    ([("zhao", None)], ["zhao", "liming"], HEAD),
    ([], ["liming"], HEAD),
]


@pytest.mark.parametrize(("duties", "absent", "whom"), ON_DUTY)
def test_of_several_on_duty_the_nearest_who_is_there_gets_it(
    database: Engine, duties: list[tuple[str, int | None]], absent: list[str], whom: int
) -> None:
    with writing(database) as session:
        subject = settle(session)
        for login, office_id in duties:
            on_duty(session, login, office_id=office_id)
        for login in absent:
            away(session, login, MORNING, EVENING)

        assert a_violation(session, subject, NIGHT, severity="high").officer_id == whom


def test_an_officer_on_duty_may_do_all_that_an_officer_of_the_office_may(database: Engine) -> None:
    with writing(database) as session:
        violation = at_night(session)
        zhao = an_officer(session, "zhao")
        actor = actor_of(session, zhao, "test", NIGHT)
        reviewing.claim(session, actor, 1, revision=1, deadlines=DEADLINES, now=NIGHT)
        reviewing.decide(session, actor, 1, revision=2, decision=Decision.CONFIRMED, reason="属实", now=NIGHT)

        assert (violation.decided_by, violation.review_state) == (ZHAO, "decided")
        assert may_take(session, ZHAO, violation, EVENING - MINUTE) is may_take(session, ZHAO, violation, MORNING) is None


@pytest.mark.parametrize("claimed", [False, True])
def test_in_the_morning_it_goes_back_to_the_subjects_officer(database: Engine, claimed: bool) -> None:
    with writing(database) as session:
        violation = at_night(session)
        if claimed:
            violation.review_state, violation.claimed_by, violation.claimed_until = "claimed", ZHAO, MORNING + HOUR
        assert reassign_due(session, SETTINGS, MORNING - MINUTE) == 0

        assert reassign_due(session, SETTINGS, MORNING) == 1

        assert (violation.officer_id, violation.review_state, violation.claimed_by) == (LIMING, "queued", None)
        assert last_event(session, violation).content["why"] == "subjects_officer"
        assert reassign_due(session, SETTINGS, MORNING) == 0


@pytest.mark.parametrize(("claimed", "liming_away", "whom"), [(False, False, LIMING), (True, False, WANGFANG), (False, True, WANGFANG)])
def test_one_on_duty_who_reaches_it_anyway_keeps_what_she_has_begun(database: Engine, claimed: bool, liming_away: bool, whom: int) -> None:
    with writing(database) as session:
        subject = settle(session)
        on_duty(session, "wangfang", office_id=1)
        violation = a_violation(session, subject, NIGHT, severity="high")
        assert violation.officer_id == WANGFANG
        if claimed:
            violation.review_state, violation.claimed_by, violation.claimed_until = "claimed", WANGFANG, MORNING + HOUR
        if liming_away:
            away(session, "liming", MORNING + 9 * HOUR, EVENING)

        reassign_due(session, SETTINGS, MORNING)

        assert violation.officer_id == whom


def test_a_duty_that_is_cancelled_ends_at_once(database: Engine) -> None:
    with writing(database) as session:
        subject = settle(session)
        duty_id = on_duty(session, "zhao")
        violation = a_violation(session, subject, NIGHT, severity="high")

        roster.cancel_duty(session, None, duty_id, now=NIGHT + MINUTE)
        reassign_due(session, SETTINGS, NIGHT + MINUTE)

        assert violation.officer_id == LIMING


def test_one_duty_follows_another_over_midnight(database: Engine) -> None:
    midnight = at("2026-03-03 00:00")
    with writing(database) as session:
        subject = settle(session)
        on_duty(session, "zhao", EVENING, midnight)
        on_duty(session, "wangfang", midnight, MORNING)
        violation = a_violation(session, subject, midnight - HOUR, severity="high")

        owners = [violation.officer_id]
        for now in (midnight - MINUTE, midnight):
            reassign_due(session, SETTINGS, now)
            owners.append(violation.officer_id)

        assert owners == [ZHAO, ZHAO, WANGFANG]


def test_what_waits_when_the_bureau_closes_and_cannot_wait_longer_goes_to_the_night(database: Engine) -> None:
    with writing(database) as session:
        subject = settle(session)
        on_duty(session, "zhao")
        presses = a_violation(session, subject, EVENING - HOUR, severity="high", zone_id=1)
        can_wait = a_violation(session, subject, EVENING - HOUR, severity="medium", zone_id=2)
        handed = a_violation(session, subject, EVENING - HOUR, severity="high", zone_id=3)
        head = an_actor(session, "head")
        reviewing.hand_over(session, head, handed.id, revision=1, to=WANGFANG, reason="今晚由她处理", now=EVENING - HOUR)
        held = a_violation(session, subject, EVENING - HOUR, severity="high", zone_id=4)
        reviewing.claim(session, an_actor(session, "liming"), held.id, revision=1, deadlines=DEADLINES, now=EVENING - HOUR)

        assert reassign_due(session, SETTINGS, EVENING) == 1

        assert [v.officer_id for v in (presses, can_wait, handed, held)] == [ZHAO, LIMING, WANGFANG, LIMING]


def test_one_that_becomes_graver_at_night_is_due_sooner_and_goes_to_the_officer_on_duty(database: Engine) -> None:
    with writing(database) as session:
        violation = at_night(session, "medium")
        assert violation.officer_id == LIMING
        forget_notices(session)

        queue.revise(session, violation, {"severity": "grave"}, NIGHT + HOUR, note="deeper", deadlines=DEADLINES)
        reassign_due(session, SETTINGS, NIGHT + HOUR)

        assert (violation.due_at, violation.escalate_at) == (NIGHT + 2 * HOUR, NIGHT + 2 * HOUR)
        assert (violation.remind_at, violation.officer_id) == (NIGHT + 1.5 * HOUR, ZHAO)
        told = [(n.officer_id, n.kind, n.done_at is None) for n in session.exec(select(Notice).order_by(col(Notice.id)))]
        assert told == [(LIMING, "due_soon", False), (ZHAO, "assigned", True)]
        assert kinds(session, violation) == ["detected", "assigned", "revised", "assigned"]


LEAVES = [
    # until when liming is away from Tuesday 9:00 on, whether somebody claimed it, whose it is then; it is due on Tuesday at 9:30
    ("2026-03-03 12:00", False, WANGFANG),
    ("2026-03-03 09:30", False, LIMING),
    ("2026-03-03 12:00", True, LIMING),
]


@pytest.mark.parametrize(("back", "claimed", "whom"), LEAVES)
def test_when_an_absence_begins_what_falls_due_meanwhile_goes_to_the_deputy(database: Engine, back: str, claimed: bool, whom: int) -> None:
    begins = at("2026-03-03 09:00")
    with writing(database) as session:
        violation = a_violation(session, settle(session))
        an_officer(session, "liming").deputy_id = WANGFANG
        if claimed:
            reviewing.claim(session, an_actor(session, "liming"), 1, revision=1, deadlines=DEADLINES, now=begins)
        away(session, "liming", at(back), begins)
        forget_notices(session)
        assert reassign_due(session, SETTINGS, begins - MINUTE) == 0

        reassign_due(session, SETTINGS, begins)

        assert violation.officer_id == whom
        assert [(n.officer_id, n.kind) for n in session.exec(select(Notice))] == ([(whom, "assigned")] if whom != LIMING else [])


def test_a_deputy_who_is_on_leave_as_well_is_passed_over(database: Engine) -> None:
    with writing(database) as session:
        violation = a_violation(session, settle(session))
        an_officer(session, "liming").deputy_id = WANGFANG
        for login in ("liming", "wangfang"):
            away(session, login, violation.due_at + HOUR)

        reassign_due(session, SETTINGS, at("2026-03-02 10:00"))

        assert (violation.officer_id, violation.assigned_why) == (HEAD, "office_head")


def test_an_absence_names_its_own_deputy(database: Engine) -> None:
    with writing(database) as session:
        violation = a_violation(session, settle(session))
        an_officer(session, "liming").deputy_id = WANGFANG
        span = {"starts_at": at("2026-03-02 09:00"), "ends_at": at("2026-03-09 09:00")}
        roster.record_absence(session, None, LIMING, deputy_id=HEAD, now=at("2026-03-02 09:00"), **span)

        assert assignment_for(session, violation, DEADLINES, at("2026-03-02 10:00")).why is Why.DEPUTY
        assert assignment_for(session, violation, DEADLINES, at("2026-03-02 10:00")).officer_id == HEAD


def test_all_that_is_open_of_a_subject_who_moves_goes_with_her_and_is_told_to_her_new_officer(database: Engine) -> None:
    with writing(database) as session:
        subject = settle(session)
        waiting, claimed = a_violation(session, subject, zone_id=1), a_violation(session, subject, zone_id=2)
        reviewing.claim(session, an_actor(session, "liming"), claimed.id, revision=1, deadlines=DEADLINES, now=at("2026-03-02 09:00"))
        other = a_violation(session, a_subject(session, "S2"))
        forget_notices(session)
        register.change_subject(session, None, subject.id, office_id=2, officer_id=ZHAO, now=at("2026-03-02 10:00"))

        reassign_due(session, SETTINGS, at("2026-03-02 10:00"))

        assert {(v.office_id, v.officer_id, v.review_state, v.claimed_by) for v in (waiting, claimed)} == {(2, ZHAO, "queued", None)}
        assert waiting.matter_id == claimed.matter_id
        assert other.officer_id == LIMING
        assert [(n.officer_id, n.office_id) for n in session.exec(select(Notice))] == [(ZHAO, 2)] * 2


def test_the_settings_of_the_day_of_detection_count_to_the_end(database: Engine) -> None:
    stricter = QueueTerms.model_validate({"valid_from": "2026-03-03", "high": QueueTerms(valid_from=MORNING.date()).grave.model_dump()})
    changed = Settings(queue=Queue(deadlines=(*SETTINGS.queue.deadlines, stricter)))
    deadlines = type(DEADLINES).of(changed)
    with writing(database) as session:
        subject = settle(session)
        before, after = at("2026-03-02 23:59"), at("2026-03-03 00:00")
        old = queue.raise_violation(session, _bare(subject.id, before), deadlines, before)
        new = queue.raise_violation(session, _bare(subject.id, after), deadlines, after)
        assert (old.due_at, new.due_at) == (before + 4 * HOUR, after + HOUR)

        queue.withdraw(session, old, after, note="late reports")
        queue.revive(session, old, deadlines, after + timedelta(days=1))

        assert old.due_at == after + timedelta(days=1) + 4 * HOUR


def _bare(subject_id: int | None, now: datetime) -> Violation:
    return Violation(
        bureau_id=1, office_id=1, subject_id=subject_id, rule="silence", nature="technical", severity="high", started_at=now, opened_at=now,
        last_fix_at=now, detected_at=now, ended_at=now, evidence={},
    )  # fmt: skip
