"""Rounds are made when their schedules say so: for whom, over whom, after stops, by several processes, by what is in force that day."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from threading import Barrier

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from corrections.domain.model import Level, SubjectStatus
from corrections.monitor.rounds import begin_round, open_rounds_due
from corrections.settings import Settings
from corrections.store.database import open_database, reading, writing
from corrections.store.tables import CheckRound, FixRequest, Officer, Subject
from tests.conftest import Databases
from tests.monitor.check_scene import (
    DAY,
    MONDAY,
    bureau_at_work,
    duty,
    entries,
    local,
    officers,
    rounds,
    schedule,
    seen_at,
    settings_of,
    subject,
    told,
)  # fmt: skip
from tests.review.scene import an_actor, an_officer, away

LIMING, WANGFANG, HEAD, BUREAU, ZHAO = 1, 2, 3, 4, 5
MORNING = settings_of(schedule())


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, databases: Databases):  # type: ignore[no-untyped-def]
    with databases.copy(request.param, bureau_at_work) as url:
        yield url


@pytest.fixture
def engine(url: str):  # type: ignore[no-untyped-def]
    engine = open_database(url)
    yield engine
    engine.dispose()


def run(engine: Engine, now: datetime, settings: Settings = MORNING) -> int:
    with writing(engine) as session:
        return open_rounds_due(session, settings, now)


def begun(engine: Engine, settings: Settings = MORNING, at: datetime = local(7)) -> None:
    """The schedules have been carried out up to a moment."""
    run(engine, at, settings)


# ---- when


def test_a_schedule_that_is_met_for_the_first_time_makes_up_for_nothing(engine: Engine) -> None:
    assert run(engine, local(12)) == 0
    assert run(engine, local(12, 1)) == 0

    assert rounds(engine) == []


def test_a_round_is_made_at_its_moment_and_once(engine: Engine) -> None:
    begun(engine)

    assert run(engine, local(8, 59)) == 0
    assert run(engine, local(9)) == 1
    assert run(engine, local(9)) == 0
    assert run(engine, local(9, 1)) == 0

    (made,) = rounds(engine)
    assert (made.schedule, made.officer_id, made.office_id, made.state) == ("morning", LIMING, 1, "open")
    assert (made.slot_at, made.opened_at, made.due_at) == (local(9), local(9), local(11))
    assert (made.remind_at, made.escalate_at, made.escalation) == (local(10, 30), local(11), 0)
    assert told(engine) == [("round_opened", "officer", LIMING)]


def test_a_restart_goes_on_from_where_it_was(engine: Engine, url: str) -> None:
    begun(engine)
    engine.dispose()
    again = open_database(url)

    assert run(again, local(9, 5)) == 1
    assert run(again, local(9, 6)) == 0
    again.dispose()


def test_after_a_stop_of_eight_hours_the_newest_is_opened_and_the_others_are_on_record(engine: Engine) -> None:
    hourly = settings_of(schedule("hourly", kind="every", windows=[{"start": "08:00", "until": "20:00"}], every_minutes=60, days="every"))
    begun(engine, hourly, local(9, 30))

    assert run(engine, local(17, 30), hourly) == 1

    made = rounds(engine)
    assert [(r.slot_at, r.state) for r in made] == [(local(h), "skipped") for h in range(10, 17)] + [(local(17), "open")]
    assert all("服务未运行" in r.note and "did not run" in r.note for r in made[:-1])
    assert (made[-1].opened_at, made[-1].due_at) == (local(17, 30), local(10, 30, MONDAY + DAY))  # two hours of working time
    assert [len(entries(engine, r.id or 0)) for r in made] == [0] * 7 + [1]
    assert told(engine) == [("round_opened", "officer", LIMING)]


def test_two_moments_of_one_turn_that_are_both_in_time_are_both_opened(engine: Engine) -> None:
    often = settings_of(schedule("often", kind="every", windows=[{"start": "08:00", "until": "20:00"}], every_minutes=5, days="every"))
    begun(engine, often, local(9, 1))

    assert run(engine, local(9, 11), often) == 2


def test_a_clock_that_was_set_back_opens_nothing_twice(engine: Engine) -> None:
    begun(engine)
    run(engine, local(9))

    assert run(engine, local(8)) == 0
    assert run(engine, local(9, 30)) == 0


@pytest.mark.parametrize(
    ("day", "made"),
    [
        (date(2026, 3, 7), 0),  # Saturday
        (date(2026, 4, 6), 0),  # Qingming, observed
        (date(2026, 5, 9), 1),  # a Saturday worked for Labour Day
    ],
)
def test_on_a_holiday_there_is_none_and_on_a_swapped_saturday_there_is(engine: Engine, day: date, made: int) -> None:
    begun(engine, at=local(7, day=day))

    assert run(engine, local(12, day=day)) == made


def test_midnight_belongs_to_the_day_that_begins(engine: Engine) -> None:
    night = settings_of(schedule("night", times=["00:00"]))  # on working days
    friday = date(2026, 3, 6)
    begun(engine, night, local(23, 59, day=friday - DAY))

    assert run(engine, local(0, day=friday), night) == 1
    assert run(engine, local(0, day=friday + DAY), night) == 0  # Saturday's
    assert [r.slot_at for r in rounds(engine)] == [local(0, day=friday)]


def test_a_schedule_is_that_of_the_day(engine: Engine) -> None:
    changed = settings_of(
        schedule(),
        schedule(valid_from=MONDAY + DAY, times=["10:00"]),
        schedule(valid_from=MONDAY + 2 * DAY, enabled=False),
    )
    begun(engine, changed)

    for i in range(4):
        run(engine, local(9, 30, MONDAY + i * DAY), changed)
        run(engine, local(12, 0, MONDAY + i * DAY), changed)

    assert [r.slot_at for r in rounds(engine)] == [local(9), local(10, day=MONDAY + DAY)]


def test_a_schedule_that_is_new_begins_with_its_first_day(engine: Engine) -> None:
    later = settings_of(schedule(valid_from=MONDAY + DAY))
    begun(engine, later)

    assert run(engine, local(12), later) == 0
    assert run(engine, local(12, day=MONDAY + DAY), later) == 1


# ---- over whom, and by whom


def test_level_and_office_choose_the_subjects(engine: Engine) -> None:
    with writing(engine) as session:
        subject(session, "S2", level=Level.STRICT)
        subject(session, "S3", "zhao", office_id=2, level=Level.STRICT)
    strict = settings_of(schedule(levels=["strict"], offices=["YX0"]))
    begun(engine, strict)

    assert run(engine, local(9), strict) == 1

    assert [e.subject_id for e in entries(engine)] == [2]


def test_each_officer_has_her_own_round_of_each_office(engine: Engine) -> None:
    with writing(engine) as session:
        subject(session, "S2", "wangfang")
        subject(session, "S3", "zhao", office_id=2)
    begun(engine)

    assert run(engine, local(9)) == 3

    assert [(r.officer_id, r.office_id) for r in rounds(engine)] == [(LIMING, 1), (WANGFANG, 1), (ZHAO, 2)]


def test_whoever_has_no_officer_is_the_heads(engine: Engine) -> None:
    with writing(engine) as session:
        subject(session, "S2", None)
    begun(engine)

    run(engine, local(9))

    assert officers(rounds(engine)) == [(LIMING, "open"), (HEAD, "open")]


def test_where_there_is_no_head_the_bureau_looks_after_them(engine: Engine) -> None:
    with writing(engine) as session:
        subject(session, "S2", None, office_id=2)
    begun(engine)

    run(engine, local(9))

    assert [(r.officer_id, r.office_id) for r in rounds(engine)] == [(LIMING, 1), (BUREAU, 2)]


def test_an_absent_officers_subjects_join_her_deputys_round(engine: Engine) -> None:
    with writing(engine) as session:
        subject(session, "S2", "wangfang")
        an_officer(session, "liming").deputy_id = WANGFANG
        away(session, "liming", local(18), since=local(0))
    begun(engine)

    assert run(engine, local(9)) == 1

    (made,) = rounds(engine)
    assert made.officer_id == WANGFANG
    assert [(e.subject_id, e.seen["officer"]) for e in entries(engine)] == [(1, LIMING), (2, WANGFANG)]


def test_where_the_deputy_is_absent_too_the_head_does_it(engine: Engine) -> None:
    with writing(engine) as session:
        an_officer(session, "liming").deputy_id = WANGFANG
        for login in ("liming", "wangfang"):
            away(session, login, local(18), since=local(0))
    begun(engine)

    run(engine, local(9))

    assert officers(rounds(engine)) == [(HEAD, "open")]


def test_where_everybody_is_absent_it_is_still_somebodys(engine: Engine) -> None:
    with writing(engine) as session:
        for officer in session.exec(select(Officer)).all():
            away(session, officer.login, local(18), since=local(0))
    begun(engine)

    run(engine, local(9))

    assert officers(rounds(engine)) == [(LIMING, "open")]


def test_an_officer_who_has_left_is_not_asked(engine: Engine) -> None:
    with writing(engine) as session:
        an_officer(session, "liming").active = False
    begun(engine)

    run(engine, local(9))

    assert officers(rounds(engine)) == [(HEAD, "open")]


def test_outside_working_hours_it_is_the_duty_officers(engine: Engine) -> None:
    evening = settings_of(schedule("evening", times=["20:00"], days="every", due_minutes=60))
    with writing(engine) as session:
        subject(session, "S2", "zhao", office_id=2)
        duty(session, "wangfang", local(18), local(32 - 24, day=MONDAY + DAY))
    begun(engine, evening)

    assert run(engine, local(20), evening) == 2

    made = rounds(engine)
    assert [(r.officer_id, r.office_id, r.due_at) for r in made] == [(WANGFANG, 1, local(21)), (WANGFANG, 2, local(21))]


def test_a_round_for_duty_alone_needs_somebody_on_duty(engine: Engine) -> None:
    evening = settings_of(schedule("evening", times=["20:00"], days="every", only_on_duty=True))
    with writing(engine) as session:
        duty(session, "liming", local(18, day=MONDAY + DAY), local(8, day=MONDAY + 2 * DAY), office_id=1)
    begun(engine, evening)

    assert run(engine, local(20), evening) == 0
    assert run(engine, local(20, day=MONDAY + DAY), evening) == 1


def test_who_serves_no_term_now_is_not_in_it_and_who_is_in_custody_is_listed_without_a_place(engine: Engine) -> None:
    with writing(engine) as session:
        for number in ("S2", "S3", "S4"):
            seen_at(session, subject(session, number).id, local(8, 55))
        for subject_id, status in ((2, SubjectStatus.CUSTODY), (3, SubjectStatus.ENDED)):
            person = session.get_one(Subject, subject_id)
            person.status, person.status_from = status.value, local(8)
    begun(engine)

    run(engine, local(9))

    assert [(e.subject_id, e.lat, e.seen["unlocated"]) for e in entries(engine)] == [
        (1, None, "no_position"), (2, None, "custody"), (4, 30.05, None),
    ]  # fmt: skip


def test_who_may_not_be_located_is_listed_with_the_reason(engine: Engine) -> None:
    with writing(engine) as session:
        seen_at(session, subject(session, "S2", can=False).id, local(8, 55))
    begun(engine)

    run(engine, local(9))

    entry = entries(engine)[1]
    assert (entry.lat, entry.fix_time, entry.side, entry.seen["unlocated"]) == (None, None, "unknown", "no_authority")


def test_where_the_last_fix_is_too_old_or_none_a_fresh_one_is_asked_for(engine: Engine) -> None:
    with writing(engine) as session:
        seen_at(session, subject(session, "S2").id, local(8, 55))
        seen_at(session, subject(session, "S3").id, local(6))
        subject(session, "S4", can=False)
    begun(engine)

    run(engine, local(9))

    with reading(engine) as session:
        asked = session.exec(select(FixRequest).order_by(col(FixRequest.subject_id))).all()
        assert [(r.subject_id, r.reason, r.asked_by) for r in asked] == [(1, "round", None), (3, "round", None)]
    assert [e.seen["asked"] for e in entries(engine)] == [True, False, True, False]


# ---- several processes


@pytest.mark.parametrize("round_", range(3))
def test_of_several_processes_that_start_at_once_one_acts(engine: Engine, url: str, round_: int) -> None:
    begun(engine)
    processes = 4
    together = Barrier(processes)

    def start(_: int) -> int:
        own = open_database(url)
        try:
            together.wait()
            return run(own, local(9, round_))
        finally:
            own.dispose()

    with ThreadPoolExecutor(processes) as pool:
        made = list(pool.map(start, range(processes)))

    assert sorted(made) == [0, 0, 0, 1]
    assert len(rounds(engine)) == 1


def test_of_several_that_begin_for_the_first_time_at_once_one_makes_the_secret(engine: Engine, url: str) -> None:
    processes = 4
    together = Barrier(processes)

    def start(_: int) -> int:
        own = open_database(url)
        try:
            together.wait()
            return run(own, local(7)) + run(own, local(9))
        finally:
            own.dispose()

    with ThreadPoolExecutor(processes) as pool:
        made = list(pool.map(start, range(processes)))

    assert sum(made) == 1
    with reading(engine) as session:
        assert len(session.exec(select(CheckRound)).all()) == 1


# ---- by hand


def test_an_officer_may_begin_one_herself(engine: Engine) -> None:
    with writing(engine) as session:
        subject(session, "S2", "wangfang")
        made = begin_round(session, an_actor(session, "liming"), MORNING, local(14))

    assert (made.schedule, made.officer_id, made.slot_at, made.due_at) == ("", LIMING, local(14), local(16))
    assert [e.subject_id for e in entries(engine)] == [1]


def test_over_the_whole_office_where_she_wants(engine: Engine) -> None:
    with writing(engine) as session:
        subject(session, "S2", "wangfang")
        begin_round(session, an_actor(session, "head"), MORNING, local(14), whole_office=True)

    assert [e.subject_id for e in entries(engine)] == [1, 2]


def test_a_large_round_is_stored_whole(engine: Engine) -> None:
    with writing(engine) as session:
        for i in range(2, 60):
            subject(session, f"N{i:03}")
    begun(engine)

    run(engine, local(9))

    assert len(entries(engine)) == 59
