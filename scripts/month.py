"""A month of the bureau's work, simulated with the clock set: 280 subjects, eight officers with roster, absences and holidays, three
offices, some 350 violations, leave; a stop of eight hours and restarts in between. ``scripts/month`` prints its figures.

The service's own functions do everything; only what happens in the world, and what people then do, is drawn from a seed. Between two
moments at which anything can happen nothing is run: the next one is the earliest stored time that a chore waits for, or the next thing
that a person does.
"""

from __future__ import annotations

import heapq
import random
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from corrections import clock
from corrections.clock import SetClock
from corrections.domain.casework import LeaveKind, LeaveReason, LeaveReportKind, RequestState
from corrections.domain.deadlines import Rank
from corrections.domain.model import Decision, FalseAlarmCause, ReviewState, Severity
from corrections.errors import CorrectionsError
from corrections.monitor.chores import CHORES, run_chores
from corrections.records import accounts, leave, register, roster
from corrections.review import queue, reviewing
from corrections.review.assignment import OPEN
from corrections.review.deadlines import Deadlines
from corrections.review.reviewing import Answer, Means
from corrections.settings import Settings
from corrections.store.database import migrate, open_database, reading, writing
from corrections.store.tables import Absence, Duty, LeaveRequest, Notice, Officer, ReviewEvent, Subject, Violation
from scripts.month_world import DAY, END, HOUR, MINUTE, START, SUBJECTS, ZONE, Event, happenings, local, new_violation, officer, settle

QUIET_AFTER = 7 * DAY  # what is open at the end of the month has so long more
CHORES_AT_LEAST_EVERY = 6 * HOUR
STOP = local(date(2026, 9, 28), time(9)), local(date(2026, 9, 28), time(17))  # the service is down for eight working hours
RESTARTS = [local(date(2026, 9, 17), time(3, 12)), local(date(2026, 10, 2), time(14, 1)), local(date(2026, 10, 10), time(10, 30))]
NEGLECTS = {0: 0.08, Rank.DEPUTY: 0.4, Rank.OFFICE_HEAD: 0.25, Rank.BUREAU: 0.0}
"""How often one to whom a violation came, by the level at which it did, leaves it lying."""


@dataclass
class Month:
    """What came of it. ``ownerless`` are moments at which an open violation had nobody who may decide it, ``left_lying`` those after which
    something that was due was still not done."""

    engine: Engine
    settings: Settings
    ownerless: list[tuple[datetime, int]] = field(default_factory=list)
    left_lying: list[datetime] = field(default_factory=list)
    restarts: int = 0
    refused: list[str] = field(default_factory=list)
    did: dict[str, int] = field(default_factory=dict)


class Simulation:
    """The month as a heap of what happens next. ``url`` is of an empty, migrated database."""

    def __init__(self, url: str, seed: int = 1) -> None:
        self._url, self._settings = url, Settings()
        self._deadlines = Deadlines.of(self._settings)
        self._chance = random.Random(seed)
        self._calendar = self._settings.calendar.at(ZONE)
        self._number = count()
        self._heap: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._known: dict[int, tuple[int | None, int | None]] = {}
        self.month = Month(open_database(url), self._settings)
        with writing(self.month.engine) as session:
            settle(session, self._settings, seed)
        self._plan(seed)

    def run(self) -> Month:
        """Every moment in order, until the month is over and what was open then has had a week more."""
        end, last = END + QUIET_AFTER, START
        with clock.using(SetClock(START)) as watch:
            assert isinstance(watch, SetClock)
            while last < end:
                due = [self._heap[0][0]] if self._heap else []
                now = max(min([*due, self._next_due(), last + CHORES_AT_LEAST_EVERY, end]), last)
                now = STOP[1] if STOP[0] <= now < STOP[1] else now
                watch.set(now)
                self._chores(now)
                while self._heap and self._heap[0][0] <= now:
                    heapq.heappop(self._heap)[2](now)
                self._look_round(now)
                last = now
        return self.month

    # ---- what is planned

    def _plan(self, seed: int) -> None:
        for event in happenings(seed):
            self._at(event.at, lambda now, event=event: self._raise(event, now))  # type: ignore[misc]
        for moment in RESTARTS:
            self._at(moment, self._restart)
        self._at(local(date(2026, 9, 18), time(16)), lambda now: self._away("c", (9, 21), (9, 26), now, deputy="b"))
        self._at(local(date(2026, 9, 23), time(10, 40)), lambda now: self._away("e", (9, 23), (9, 26), now))
        self._at(local(date(2026, 9, 22), time(9)), lambda now: self._away("d", (9, 24), (9, 30), now))  # her deputy is away as well
        self._at(local(date(2026, 9, 29), time(11)), self._leaves_for_good)
        self._at(local(date(2026, 10, 8), time(15)), self._moves)
        for i in range(24):
            at = local(date(2026, 9, 14) + timedelta(days=self._chance.randrange(26)), time(self._chance.randrange(9, 17)))
            self._at(at, lambda now, i=i: self._asks_for_leave(i, now))  # type: ignore[misc]
        with reading(self.month.engine) as session:
            for duty in session.exec(select(Duty)).all():
                for moment in (duty.starts_at, duty.ends_at):
                    self._at(moment, lambda _now: None)  # so that chores run at the change of duty

    def _at(self, moment: datetime, act: Callable[[datetime], None]) -> None:
        heapq.heappush(self._heap, (moment, next(self._number), act))

    def _between(self, least: int, most: int) -> timedelta:
        return self._chance.randint(least, most) * MINUTE

    # ---- what happens in the world

    def _raise(self, event: Event, now: datetime) -> None:
        with writing(self.month.engine) as session:
            violation = queue.raise_violation(session, new_violation(session, event, now), self._deadlines, now)
            number = violation.id
        self._at(now + event.lasts, lambda then: self._end(number, then))

    def _end(self, number: int | None, now: datetime) -> None:
        with writing(self.month.engine) as session:
            violation = session.get_one(Violation, number)
            queue.revise(session, violation, {"ended_at": now, "last_fix_at": now}, now, note="over", deadlines=self._deadlines)

    def _away(self, login: str, first: tuple[int, int], until: tuple[int, int], now: datetime, deputy: str | None = None) -> None:
        starts, ends = (local(date(2026, *day), time(8)) for day in (first, until))
        with writing(self.month.engine) as session:
            roster.record_absence(
                session, None, _id(officer(session, login)), starts_at=max(starts, now), ends_at=ends,
                deputy_id=_id(officer(session, deputy)) if deputy else None, now=now,
            )  # fmt: skip
        self._at(max(starts, now), lambda _now: None)

    def _leaves_for_good(self, now: datetime) -> None:
        with writing(self.month.engine) as session:
            accounts.deactivate_officer(session, None, _id(officer(session, "g")), settings=self._settings, now=now)

    def _moves(self, now: datetime) -> None:
        """Ten subjects with open matters move from the first office to the second, to an officer there."""
        with writing(self.month.engine) as session:
            with_matters = select(Violation.subject_id).where(col(Violation.review_state).in_(OPEN), Violation.office_id == 1)
            first = select(Subject).where(Subject.office_id == 1).order_by(col(Subject.id).in_(with_matters).desc(), col(Subject.id))
            for subject in session.exec(first.limit(10)).all():
                assert subject.id is not None
                register.change_subject(
                    session, None, subject.id, office_id=2, officer_id=_id(officer(session, "f")), now=now
                )  # fmt: skip

    def _restart(self, _now: datetime) -> None:
        """The process ends, and another one begins with nothing in its memory."""
        self.month.engine.dispose()
        self.month.engine = open_database(self._url)
        self.month.restarts += 1

    # ---- leave

    def _asks_for_leave(self, i: int, now: datetime) -> None:
        leaves_at = now + self._chance.randint(1, 4) * DAY
        wanted = leave.Wanted(
            LeaveKind.LEAVE, self._chance.choice(list(LeaveReason)), "外地", leaves_at, leaves_at + self._chance.randint(1, 12) * DAY
        )
        with writing(self.month.engine) as session:
            subject = session.exec(select(Subject).where(Subject.number == f"YX-{i * 11:04d}")).one()
            assert subject.id is not None
            request = leave.request_leave(session, None, subject.id, wanted, settings=self._settings, now=now)
            number, rank = request.id, request.rank
        if self._chance.random() < 0.85:  # the others lie
            who = "bureau" if rank != "office" else f"head-yx{subject.office_id}"
            self._at(self._calendar.opens(now + self._between(30, 400)), lambda then: self._decides_leave(number, who, then))

    def _decides_leave(self, number: int | None, login: str, now: datetime) -> None:
        with writing(self.month.engine) as session:
            request = session.get_one(LeaveRequest, number)
            actor = accounts.actor_by_login(session, login, "month", now)
            more: dict[str, Any] = {"approved_by": "市局", "procuratorate_told_at": now} if request.rank == "superior" else {}
            leave.approve_leave(session, actor, request.id or 0, revision=request.revision, settings=self._settings, now=now, **more)
            back = request.returns_at
        late = self._chance.random() < 0.2
        self._at(back + (self._between(30, 900) if late else -self._between(10, 600)), lambda then: self._is_back(number, late, then))

    def _is_back(self, number: int | None, late: bool, now: datetime) -> None:
        with writing(self.month.engine) as session:
            text = "交通延误" if late else ""
            leave.report_leave(session, None, number or 0, LeaveReportKind.RETURN, at=now, text=text, now=now)

    # ---- what officers do

    def _look_round(self, now: datetime) -> None:
        """Whoever has newly got a violation will look at it; and nothing that is open may be without an owner."""
        with reading(self.month.engine) as session:
            for violation in session.exec(select(Violation).where(col(Violation.review_state).in_(OPEN))).all():
                number, owner, above, severity = violation.id, violation.officer_id, violation.escalated_to, violation.severity
                level = violation.escalation
                assert number is not None
                if owner is None or not session.get_one(Officer, owner).active:
                    self.month.ownerless.append((now, number))
                before = self._known.get(number, (None, None))
                for person, at_level, knew in ((owner, 0, before[0]), (above, level, before[1])):
                    if person is not None and person != knew and self._chance.random() >= NEGLECTS[at_level]:
                        self._at(self._sees(session, person, severity, now), lambda t, n=number, p=person: self._looks(n, p, t))  # type: ignore[misc]
                self._known[number] = (owner, above)

    def _sees(self, session: Session, person: int, severity: str, now: datetime) -> datetime:
        """When somebody next looks at what has come to her: soon while she works or is on duty for something urgent, else later."""
        absent = session.exec(select(Absence).where(Absence.officer_id == person, Absence.starts_at <= now, Absence.ends_at > now)).first()
        if absent is not None:
            return self._calendar.opens(absent.ends_at) + self._between(5, 60)
        duty = session.exec(select(Duty).where(Duty.officer_id == person, Duty.starts_at <= now, Duty.ends_at > now)).first()
        if duty is not None and severity in (Severity.HIGH, Severity.GRAVE):
            return now + self._between(2, 25)
        return self._calendar.opens(now) + self._between(5, 90)

    def _looks(self, number: int, person: int, now: datetime) -> None:
        """She claims it, if it is still to be had, and will contact the subject and decide."""
        with reading(self.month.engine) as session:
            violation = session.get_one(Violation, number)
            if violation.review_state != ReviewState.QUEUED or person not in (violation.officer_id, violation.escalated_to):
                return
            urgent, revision = violation.severity in (Severity.HIGH, Severity.GRAVE), violation.revision
        if self._steps(
            number, person, now, lambda s, a: reviewing.claim(s, a, number, revision=revision, deadlines=self._deadlines, now=now)
        ):
            soon = self._between(3, 12) if urgent else self._between(10, 60)
            self._at(now + soon, lambda then: self._contacts(number, person, then))
            self._at(now + soon + self._between(3, 20), lambda then: self._decides(number, person, then))

    def _contacts(self, number: int, person: int, now: datetime) -> None:
        def step(session: Session, actor: Any) -> object:
            revision = session.get_one(Violation, number).revision
            return reviewing.contact(
                session, actor, number, revision=revision, means=Means.PHONE, whom="本人", answer=Answer.REACHED, text="已说明",
                deadlines=self._deadlines, now=now,
            )  # fmt: skip

        self._steps(number, person, now, step)

    def _decides(self, number: int, person: int, now: datetime) -> None:
        false = self._chance.random() < 0.35
        decision = Decision.FALSE_ALARM if false else self._chance.choice([Decision.CONFIRMED, Decision.REASONABLE_EXCUSE])
        cause = self._chance.choice(list(FalseAlarmCause)) if false else None

        def step(session: Session, actor: Any) -> object:
            revision = session.get_one(Violation, number).revision
            return reviewing.decide(session, actor, number, revision=revision, decision=decision, cause=cause, reason="已核实", now=now)

        self._steps(number, person, now, step)

    def _steps(self, number: int, person: int, now: datetime, step: Callable[[Session, Any], object]) -> bool:
        """Whether she could; what the service refuses (somebody was first, her duty is over) is kept."""
        try:
            with writing(self.month.engine) as session:
                login = session.get_one(Officer, person).login
                step(session, accounts.actor_by_login(session, login, "month", now))
        except CorrectionsError as refusal:
            self.month.refused.append(refusal.code)
            self._known.pop(number, None)  # whoever has it now will look again
            return False
        return True

    # ---- the service

    def _chores(self, now: datetime) -> None:
        done = run_chores(self.month.engine, self._settings, "month", now, CHORES)
        for name, how_many in done.did.items():
            self.month.did[name] = self.month.did.get(name, 0) + how_many
        if done.failed:
            raise RuntimeError(f"chores failed at {now}: {done.failed}")
        if self._next_due() <= now:
            self.month.left_lying.append(now)

    def _next_due(self) -> datetime:
        """The earliest moment that a chore waits for."""
        v, r = Violation, LeaveRequest
        with reading(self.month.engine) as session:
            columns = (v.remind_at, v.escalate_at, v.claimed_until)
            found = [session.exec(select(func.min(c)).where(col(v.review_state).in_(OPEN))).one() for c in columns]
            found += [session.exec(select(func.min(c)).where(r.state == s.value)).one() for c, s in _LEAVE]
        return min((moment for moment in found if moment is not None), default=END + QUIET_AFTER)


_LEAVE = ((LeaveRequest.tell_at, RequestState.REQUESTED), (LeaveRequest.overdue_at, RequestState.APPROVED))


def _id(row: Officer) -> int:
    assert row.id is not None
    return row.id


# ---- its figures


def table(month: Month) -> str:
    """The month's figures, a line for each severity."""
    with reading(month.engine) as session:
        violations = session.exec(select(Violation)).all()
        steps = session.exec(select(ReviewEvent)).all()
        notices = session.exec(select(func.count()).select_from(Notice)).one()
        requests = session.exec(select(LeaveRequest)).all()
        session.expunge_all()
    head = ("severity", "violations", "decided", "in time", "median h", "escalated", "to deputy", "to head", "to bureau", "false")
    rows = [
        head,
        *(_row(s.value, [v for v in violations if v.severity == s], steps) for s in reversed(Severity)),
        _row("all", violations, steps),
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    states = {state.value: sum(r.state == state for r in requests) for state in RequestState}
    lines += [
        f"{SUBJECTS} subjects, 8 officers, 3 offices; {month.restarts} restarts, one stop of 8 hours; {notices} notices",
        f"leave: {len(requests)} asked for, {states['approved']} approved",
        f"moments with an open violation of nobody: {len(month.ownerless)}; with something due left lying: {len(month.left_lying)}",
        "chores: " + ", ".join(f"{name} {n}" for name, n in sorted(month.did.items())),
    ]
    return "\n".join(lines)


def _row(name: str, violations: Sequence[Violation], steps: Iterable[ReviewEvent]) -> tuple[str, ...]:
    ids = {v.id for v in violations}
    levels: dict[int, set[int]] = {rank.value: set() for rank in Rank}
    for step in steps:
        if step.kind == "escalated" and step.violation_id in ids:
            levels[step.content["level"]].add(step.violation_id)
    decided = [v for v in violations if v.decided_at is not None]
    hours = [(v.decided_at - v.detected_at) / HOUR for v in decided if v.decided_at is not None]
    in_time = sum(v.decided_at is not None and v.decided_at <= v.due_at for v in decided)
    false = sum(v.decision == Decision.FALSE_ALARM for v in decided)
    numbers = (len(violations), len(decided), in_time, f"{median(hours):.1f}" if hours else "-", len(set().union(*levels.values())))
    return (name, *map(str, numbers), *(str(len(levels[rank.value])) for rank in Rank), str(false))


def main() -> None:
    """Simulate the month in a database of its own, and print its figures."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'month.db'}"
        engine = open_database(url)
        migrate(engine)
        engine.dispose()
        month = Simulation(url, seed).run()
        print(table(month))
        month.engine.dispose()


if __name__ == "__main__":
    main()
