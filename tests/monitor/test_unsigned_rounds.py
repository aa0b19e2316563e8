"""A round that is not signed: the officer is reminded before, others are told after, at the minutes that the settings say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from corrections.monitor.rounds import escalate_rounds_due, open_rounds_due, reassign_rounds_due, remind_rounds_due
from corrections.settings.checks import Rounds, Step
from corrections.store.database import open_database, reading, writing
from corrections.store.tables import Notice
from tests.conftest import Databases
from tests.monitor.check_scene import DAY, MINUTE, MONDAY, bureau_at_work, duty, local, rounds, schedule, settings_of, told
from tests.review.scene import an_officer, away

LIMING, WANGFANG, HEAD = 1, 2, 3
SETTINGS = settings_of(schedule())


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    """A round of liming's that was opened at nine and is due at eleven; her deputy is wangfang."""
    with databases.copy(request.param, bureau_at_work) as url:
        engine = open_database(url)
        with writing(engine) as session:
            an_officer(session, "liming").deputy_id = WANGFANG
            open_rounds_due(session, SETTINGS, local(7))
        with writing(engine) as session:
            open_rounds_due(session, SETTINGS, local(9))
        yield engine
        engine.dispose()


def pass_by(engine: Engine, now: datetime) -> tuple[int, int]:
    with writing(engine) as session:
        return remind_rounds_due(session, SETTINGS, now), escalate_rounds_due(session, SETTINGS, now)


def notices(engine: Engine) -> list[tuple[str, str, int | None, datetime]]:
    """Those after the first, which told that it was opened."""
    with reading(engine) as session:
        found = session.exec(select(Notice).order_by(col(Notice.id)).offset(1)).all()
        return [(n.kind, n.recipient, n.officer_id, n.at) for n in found]


def test_each_step_is_taken_at_its_minute_and_once(engine: Engine) -> None:
    due = {
        local(10, 30): (1, 0), local(11): (0, 1), local(13, 30): (0, 0), local(14): (0, 0), local(12): (0, 1),
    }  # fmt: skip
    # an hour of working time after eleven is noon; four hours are half past four, with the pause at noon
    for at in sorted(due):
        assert pass_by(engine, at - MINUTE) == (0, 0), at
        assert pass_by(engine, at) == due[at], at
        assert pass_by(engine, at) == (0, 0), at
    assert pass_by(engine, local(16, 29)) == (0, 0)
    assert pass_by(engine, local(16, 30)) == (0, 1)

    assert notices(engine) == [
        ("round_due_soon", "officer", LIMING, local(10, 30)),
        ("round_escalated", "officer", WANGFANG, local(11)),
        ("round_escalated", "office_head", HEAD, local(12)),
        ("round_escalated", "bureau", None, local(16, 30)),
    ]


def test_it_is_told_again_until_it_is_signed(engine: Engine) -> None:
    for day in range(5):
        pass_by(engine, local(17, day=MONDAY + day * DAY))

    assert [(recipient, at) for _, recipient, _, at in notices(engine)][3:] == [
        ("bureau", local(16, 30)),
        ("bureau", local(16, 30, MONDAY + DAY)),  # a working day each
        ("bureau", local(16, 30, MONDAY + 2 * DAY)),
        ("bureau", local(16, 30, MONDAY + 3 * DAY)),
        ("bureau", local(16, 30, MONDAY + 4 * DAY)),
    ]


def test_after_a_stop_all_that_came_due_is_done_as_of_when_it_was(engine: Engine) -> None:
    assert pass_by(engine, local(17)) == (1, 3)

    assert [at for *_, at in notices(engine)] == [local(10, 30), local(11), local(12), local(16, 30)]


def test_a_deputy_who_is_absent_is_passed_over_at_once(engine: Engine) -> None:
    with writing(engine) as session:
        away(session, "wangfang", local(18), since=local(8))

    assert pass_by(engine, local(11)) == (1, 2)

    assert notices(engine)[-1] == ("round_escalated", "office_head", HEAD, local(11))


def test_what_nobody_ever_signs_is_told_so_often_and_no_more(engine: Engine) -> None:
    pass_by(engine, local(11, day=MONDAY + 60 * DAY))

    again = [notice for notice in notices(engine) if notice[:2] == ("round_escalated", "bureau")]
    assert len(again) == 1 + SETTINGS.checks.rounds[0].again_times
    assert rounds(engine)[0].escalate_at is None
    assert rounds(engine)[0].state == "open"


def test_where_there_is_neither_deputy_nor_head_the_bureau_hears_of_it_at_once(engine: Engine) -> None:
    with writing(engine) as session:
        an_officer(session, "liming").deputy_id = None
        an_officer(session, "head").active = False

    pass_by(engine, local(11))

    assert notices(engine)[-1] == ("round_escalated", "bureau", None, local(11))


def test_a_ladder_that_ends_with_somebody_who_is_not_there_ends_with_the_bureau(engine: Engine) -> None:
    short = settings_of(
        schedule(), rounds=(Rounds(valid_from=date(2026, 1, 1), escalate=(Step(to="deputy", after_minutes=0),), again_minutes=0),)
    )
    with writing(engine) as session:
        an_officer(session, "liming").deputy_id = None
    with writing(engine) as session:
        assert escalate_rounds_due(session, short, local(12)) == 1

    assert notices(engine)[-1] == ("round_escalated", "bureau", None, local(11))
    assert rounds(engine)[0].escalate_at is None


def test_the_notice_names_no_subject(engine: Engine) -> None:
    pass_by(engine, local(17))

    with reading(engine) as session:
        for notice in session.exec(select(Notice)):
            assert notice.subject_id is None
            assert notice.about == "round:1"
            assert "对象" not in notice.text_zh
            assert "2026-03-02 11:00" in notice.text_zh or "2026-03-02 11:00" in notice.text_en


def test_a_round_in_the_evening_runs_by_the_clock(engine: Engine) -> None:
    evening = settings_of(schedule("evening", times=["20:00"], days="every", due_minutes=60))
    with writing(engine) as session:
        duty(session, "wangfang", local(18), local(8, day=MONDAY + DAY))
        open_rounds_due(session, evening, local(19))
    with writing(engine) as session:
        open_rounds_due(session, evening, local(20))

    made = rounds(engine)[-1]
    assert (made.officer_id, made.remind_at, made.due_at, made.escalate_at) == (WANGFANG, local(20, 30), local(21), local(21))


# ---- owners who are lost


def test_a_round_whose_officer_falls_ill_goes_to_her_deputy(engine: Engine) -> None:
    with writing(engine) as session:
        away(session, "liming", local(18), since=local(9, 30))
    with writing(engine) as session:
        assert reassign_rounds_due(session, SETTINGS, local(9, 40)) == 1

    (made,) = rounds(engine)
    assert (made.officer_id, made.revision) == (WANGFANG, 2)
    assert told(engine, open_only=True) == [("round_opened", "officer", WANGFANG)]


def test_a_round_whose_officer_left_goes_to_the_head(engine: Engine) -> None:
    with writing(engine) as session:
        an_officer(session, "liming").active = False
    with writing(engine) as session:
        assert reassign_rounds_due(session, SETTINGS, local(9, 40)) == 1

    assert rounds(engine)[0].officer_id == HEAD


def test_a_round_whose_officer_is_there_stays_hers(engine: Engine) -> None:
    with writing(engine) as session:
        assert reassign_rounds_due(session, SETTINGS, local(9, 40)) == 0
