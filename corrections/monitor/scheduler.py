"""APScheduler drives the monitor: evaluate what is new, watch what is due, write the log at night.

Each job is a plain function of (engine, settings, now) that catches up from the database itself, so that a run that was missed,
doubled or cut off does no harm; a job that fails is logged and tried again at its next turn.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import Engine
from sqlmodel import col, select

from corrections import clock
from corrections.monitor.chores import CHORES, LEASE, run_chores
from corrections.monitor.delivery import Delivery
from corrections.monitor.evaluate import Evaluator
from corrections.monitor.leadership import let_go
from corrections.monitor.outages import pulse
from corrections.monitor.patterns import PatternWatch
from corrections.monitor.silence import watch_silence
from corrections.monitor.violations import close_ended
from corrections.records.logs import close_days
from corrections.settings import Settings
from corrections.store.database import writing
from corrections.store.tables import Bureau

log = logging.getLogger(__name__)

NIGHTLY_CATCH_UP = timedelta(seconds=5)  # after the start: days that a stopped service left open


@dataclass(slots=True)
class JobState:
    """When a job last ended well, and how it failed since, if it did."""

    last_success: datetime | None = None
    last_error: str | None = None
    runs: int = 0


@dataclass(slots=True)
class Status:
    started_at: datetime | None = None
    jobs: dict[str, JobState] = field(default_factory=dict)


class Monitor:
    """Evaluation and watching in the background of one process. ``hears``: this process takes reports in, so its being up means
    that phones were heard; ``evaluates``: it evaluates and watches (a web-only process does not)."""

    def __init__(self, engine: Engine, settings: Settings, *, hears: bool = True, evaluates: bool = True) -> None:
        self._engine, self._settings = engine, settings
        self._evaluator = Evaluator(engine, settings)
        self._patterns = PatternWatch(engine, settings)
        self._delivery = Delivery(engine, settings)
        self._jobs: dict[str, Callable[[], None]] = {
            "pulse": self._pulse,
            "evaluate": self._evaluate,
            "watch": self._watch,
            "chores": self._do_chores,
            "deliver": self._deliver,
            "patterns": self._look_for_patterns,
            "log": self._close_days,
        }
        self._hears, self._evaluates = hears, evaluates
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._asked = threading.Event()
        self.status = Status()
        self._scheduler = BackgroundScheduler(timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1})

    def start(self) -> None:
        """Begin; the first sign of life comes before anything else, so that an outage is known before anybody is missed."""
        self.status.started_at = clock.now()
        self.run("pulse")
        times = self._settings.schedules
        self._add("pulse", IntervalTrigger(seconds=times.pulse_every_s))
        if self._evaluates:
            self._add("evaluate", IntervalTrigger(seconds=times.evaluate_every_s))
            self._add("watch", IntervalTrigger(seconds=times.pulse_every_s))
            self._add("chores", IntervalTrigger(seconds=times.pulse_every_s))
            if self._settings.notify.channels:
                self._add("deliver", IntervalTrigger(seconds=times.pulse_every_s))
            self._add("patterns", IntervalTrigger(minutes=self._settings.rules.patterns.every_minutes))
            self._add("log", self._nightly())
            soon = clock.now() + NIGHTLY_CATCH_UP
            self._scheduler.add_job(self.run, "date", args=["log"], run_date=soon, id="log-catch-up")
        self._scheduler.start()

    def stop(self) -> None:
        """End after the job in progress, with a last sign of life."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)
            if self._evaluates:
                with writing(self._engine) as session:
                    let_go(session, LEASE, self._name, clock.now())
            self.run("pulse")

    def wake(self) -> None:
        """Evaluate soon: reports were stored in this process. Called from any thread, as often as it likes."""
        if self._evaluates and self._scheduler.running and not self._asked.is_set():
            self._asked.set()
            at = clock.now() + timedelta(seconds=self._settings.schedules.wake_delay_s)
            self._scheduler.modify_job("evaluate", next_run_time=at)

    def run(self, name: str) -> None:
        """Run one job now (pulse, evaluate, watch, chores, deliver, patterns, log). A failure is logged and kept in ``status``;
        nothing is raised."""
        state = self.status.jobs.setdefault(name, JobState())
        try:
            self._jobs[name]()
            state.last_success, state.last_error = clock.now(), None
        except Exception as error:
            state.last_error = f"{type(error).__name__}: {error}"
            log.exception("the job %s failed; it runs again at its next turn", name)
        state.runs += 1

    # ---- the jobs

    def _evaluate(self) -> None:
        self._asked.clear()
        self._evaluator.run()

    def _watch(self) -> None:
        now = clock.now()
        with writing(self._engine) as session:
            close_ended(session, now)
        with writing(self._engine) as session:
            bureaus = [b for b in session.exec(select(Bureau.id).order_by(col(Bureau.id))) if b is not None]
        for bureau_id in bureaus:
            with writing(self._engine) as session:
                watch_silence(session, bureau_id, self._settings, now)

    def _do_chores(self) -> None:
        failed = run_chores(self._engine, self._settings, self._name, clock.now(), CHORES).failed
        if failed:  # the others were done; this makes it seen
            raise RuntimeError("; ".join(f"{name}: {why}" for name, why in failed.items()))

    def _deliver(self) -> None:
        self._delivery.run()

    def _look_for_patterns(self) -> None:
        failed = self._patterns.run().failed
        if failed:  # the others were looked at; this makes it seen
            raise RuntimeError(f"the patterns of {len(failed)} subjects could not be told")

    def _close_days(self) -> None:
        close_days(self._engine, self._settings, clock.now())

    def _pulse(self) -> None:
        with writing(self._engine) as session:
            outage_after_s = self._settings.rules.silence.outage_after_s
            outage = pulse(session, self._name, hears=self._hears, outage_after_s=outage_after_s, now=clock.now())
            if outage is not None:
                log.warning("this service was down from %s to %s; nobody counts as missing for that time", outage.began_at, outage.ended_at)

    def _add(self, name: str, trigger: BaseTrigger) -> None:
        self._scheduler.add_job(self.run, trigger, args=[name], id=name)

    def _nightly(self) -> CronTrigger:
        hour, minute = self._settings.schedules.log_at.split(":")
        return CronTrigger(hour=int(hour), minute=int(minute), timezone=self._settings.ingest.local_timezone)
