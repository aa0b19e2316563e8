"""What is due by a time, by the real jobs of whole processes: over a restart, after eight hours of standstill, by two at once."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from corrections import clock
from corrections.clock import SetClock
from corrections.domain.casework import RoundState
from corrections.monitor import chores
from corrections.monitor.chores import CHORES, run_chores
from corrections.monitor.scheduler import Monitor
from corrections.settings import Settings
from corrections.store.database import open_database, reading, writing
from corrections.store.tables import CheckRound, Lease, Notice, ReviewEvent
from tests.review.scene import HOUR, NOW, a_violation, settle

SETTINGS = Settings()
DAY = timedelta(days=1)


def turn(engine: Engine, at: datetime) -> Monitor:
    """One turn of the chores by a new process."""
    monitor = Monitor(engine, SETTINGS)
    with clock.using(SetClock(at)):
        monitor.run("chores")
    assert monitor.status.jobs["chores"].last_error is None
    return monitor


def went_up(engine: Engine) -> list[tuple[int, datetime]]:
    """The levels that violation 1 went up to, with the moments that its history says."""
    with reading(engine) as session:
        events = session.exec(select(ReviewEvent).where(ReviewEvent.kind == "escalated").order_by(col(ReviewEvent.id)))
        return [(event.content["level"], event.at) for event in events]


def rounds(engine: Engine) -> list[tuple[int, datetime, str]]:
    with reading(engine) as session:
        found = session.exec(select(CheckRound).order_by(col(CheckRound.slot_at), col(CheckRound.officer_id)))
        return [(each.officer_id, each.slot_at, each.state) for each in found]


@pytest.fixture
def office(database: Engine) -> Engine:
    """A high violation, due four hours after NOW (nine in the morning), and the schedules begun."""
    with writing(database) as session:
        a_violation(session, settle(session), severity="high")
    turn(database, NOW)
    return database


def test_what_was_due_while_no_process_ran_is_done_by_the_next_as_of_its_time(office: Engine) -> None:
    with reading(office) as session:
        due = session.exec(select(ReviewEvent).where(ReviewEvent.kind == "assigned")).one().content["due_at"]

    turn(office, NOW + 12 * HOUR)
    turn(office, NOW + 12 * HOUR)  # a second process finds nothing left

    levels = went_up(office)
    assert [level for level, _ in levels][:2] == [2, 3]
    assert levels[0][1] == datetime.fromisoformat(due)
    assert len({level for level, _ in levels}) == 2


def test_rounds_open_at_their_moments_over_a_restart_and_once(office: Engine) -> None:
    before = rounds(office)
    for _ in range(2):
        turn(office, NOW + DAY)

    opened = [each for each in rounds(office) if each not in before]
    assert opened
    assert len({(officer, slot) for officer, slot, _ in opened}) == len(opened)


def test_after_a_standstill_the_newest_round_opens_and_the_missed_ones_are_on_record(office: Engine) -> None:
    turn(office, NOW + 4 * DAY)

    states = [state for _, _, state in rounds(office)]
    assert RoundState.SKIPPED in states
    assert states.count(RoundState.OPEN) >= 1
    newest = max(slot for _, slot, state in rounds(office) if state == RoundState.OPEN)
    assert all(slot <= newest for _, slot, _ in rounds(office))


def test_two_processes_at_once_do_everything_once(database_url: str) -> None:
    engine = open_database(database_url)
    with writing(engine) as session:
        a_violation(session, settle(session), severity="high")
    turn(engine, NOW)
    with writing(engine) as session:
        session.get_one(Lease, "chores").expires_at = NOW  # the process that held it is gone
    engines, later = [open_database(database_url) for _ in range(2)], NOW + 8 * HOUR
    together = Barrier(2)

    def run(number: int) -> bool:
        together.wait()
        return run_chores(engines[number], SETTINGS, f"process {number}", later, CHORES).leading

    with ThreadPoolExecutor(2) as pool:
        leading = list(pool.map(run, range(2)))

    assert sorted(leading) == [False, True]
    once = [level for level, _ in went_up(engine)]
    assert once[:2] == [2, 3]
    assert len(rounds(engine)) == len({(officer, slot) for officer, slot, _ in rounds(engine)})
    with reading(engine) as session:
        told = [(n.kind, n.officer_id, n.at, n.about) for n in session.exec(select(Notice))]
    assert len(told) == len(set(told))
    for each in (engine, *engines):
        each.dispose()


@pytest.mark.parametrize("name", list(CHORES))
def test_each_chore_alone_is_harmless_by_two_processes_without_any_lease(database_url: str, name: str) -> None:
    engines = [open_database(database_url) for _ in range(2)]
    with writing(engines[0]) as session:
        a_violation(session, settle(session), severity="high")
    for other in CHORES.values():
        with writing(engines[0]) as session:
            other(session, SETTINGS, NOW)
    together = Barrier(2)

    def run(engine: Engine) -> None:
        together.wait()
        with writing(engine) as session:
            CHORES[name](session, SETTINGS, NOW + 26 * HOUR)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, engines))

    with reading(engines[0]) as session:
        told = [(n.kind, n.officer_id, n.violation_id, n.at, n.about) for n in session.exec(select(Notice))]
    assert len(told) == len(set(told))
    for engine in engines:
        engine.dispose()


def test_a_chore_that_fails_keeps_no_other_from_running_and_is_seen(
    office: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> int:
        raise OSError("the disk is full")

    monkeypatch.setitem(chores.CHORES, "reassign", fail)  # type: ignore[arg-type]
    monitor = Monitor(office, SETTINGS)
    with clock.using(SetClock(NOW + 12 * HOUR)), caplog.at_level(logging.ERROR):
        monitor.run("chores")

    assert "the disk is full" in (monitor.status.jobs["chores"].last_error or "")
    assert went_up(office)


def test_a_process_that_stops_lets_another_act_at_once(office: Engine) -> None:
    with clock.using(SetClock(NOW + HOUR)):
        first, second = Monitor(office, SETTINGS), Monitor(office, SETTINGS)
        first.start()
        first.run("chores")
        first.stop()
        second.run("chores")

    with reading(office) as session:
        assert session.get_one(Lease, "chores").expires_at > NOW + HOUR
