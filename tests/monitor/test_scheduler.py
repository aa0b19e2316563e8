"""The scheduler: it evaluates when woken, survives a failing job, and catches up after a restart."""

from __future__ import annotations

import logging
from datetime import timedelta
from threading import Event

import pytest
from sqlmodel import select

from corrections import clock
from corrections.clock import SetClock
from corrections.monitor import scheduler as scheduler_module
from corrections.monitor.evaluate import Evaluator
from corrections.monitor.scheduler import Monitor
from corrections.settings import Schedules, Settings
from corrections.store.database import reading
from corrections.store.tables import LogDay, Outage, Pulse
from tests.monitor.conftest import NOW, District

SELDOM = Settings(schedules=Schedules(evaluate_every_s=3_600, pulse_every_s=3_600, wake_delay_s=0.01))
PATIENCE_S = 60


@pytest.fixture
def evaluated(monkeypatch: pytest.MonkeyPatch) -> Event:
    """Set when an evaluation has ended."""
    done = Event()
    run = Evaluator.run

    def signalling(self: Evaluator, *rest: object) -> object:
        result = run(self, *rest)  # type: ignore[arg-type]
        done.set()
        return result

    monkeypatch.setattr(Evaluator, "run", signalling)
    return done


def test_it_evaluates_soon_after_it_is_woken(district: District, evaluated: Event) -> None:
    district.store(district.walk(0, clock.now() - timedelta(hours=2), [0, 9_000, 9_000, 9_000]))
    monitor = Monitor(district.engine, SELDOM)
    monitor.start()

    monitor.wake()
    assert evaluated.wait(PATIENCE_S)
    monitor.stop()

    assert monitor.status.jobs["evaluate"].last_error is None
    assert monitor.status.jobs["evaluate"].last_success is not None


def test_a_web_only_process_gives_signs_of_life_and_evaluates_nothing(district: District) -> None:
    monitor = Monitor(district.engine, SELDOM, evaluates=False)

    monitor.start()
    monitor.wake()
    monitor.stop()

    assert set(monitor.status.jobs) == {"pulse"}
    with reading(district.engine) as session:
        (sign,) = session.exec(select(Pulse)).all()
        assert sign.process.startswith("web:")


def test_a_failing_job_is_logged_and_runs_again(
    district: District, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monitor = Monitor(district.engine, SELDOM)

    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    with caplog.at_level(logging.ERROR), monkeypatch.context() as broken:
        broken.setattr(scheduler_module, "close_ended", fail)
        monitor.run("watch")
    assert "the disk is full" in (monitor.status.jobs["watch"].last_error or "")
    assert len(caplog.records) == 1

    monitor.run("watch")

    assert monitor.status.jobs["watch"].last_error is None


def test_a_restart_after_a_long_time_knows_its_own_outage(district: District) -> None:
    with clock.using(SetClock(NOW)) as fixed:
        Monitor(district.engine, SELDOM).run("pulse")
        assert isinstance(fixed, SetClock)
        fixed.advance(timedelta(hours=3))
        Monitor(district.engine, SELDOM).run("pulse")

    with reading(district.engine) as session:
        (outage,) = session.exec(select(Outage)).all()
        assert (outage.began_at, outage.ended_at) == (NOW, NOW + timedelta(hours=3))


def test_the_days_that_a_stopped_service_left_open_are_closed(district: District) -> None:
    with clock.using(SetClock(NOW)):
        Monitor(district.engine, SELDOM).run("log")
    with clock.using(SetClock(NOW + timedelta(days=3))):
        Monitor(district.engine, SELDOM).run("log")

    with reading(district.engine) as session:
        days = {entry.day for entry in session.exec(select(LogDay))}
    assert {"2026-03-02", "2026-03-03", "2026-03-04"} <= days
    assert "2026-03-05" not in days
