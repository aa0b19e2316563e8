"""统计: how alarms were handled over some days: how many, by whom of the offices, how fast, and what waits now. No places and no names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from corrections.domain.legal import moment_of
from corrections.domain.model import Decision, ReviewState, Role
from corrections.errors import Invalid
from corrections.review.assignment import OPEN
from corrections.settings.measures import FalseAlarms
from corrections.store.access import Action, Actor, within_reach
from corrections.store.tables import Bureau, Office, Violation


@dataclass(frozen=True, slots=True)
class OfficeRow:
    """One office (``office_id`` None: all within reach): what was found and decided in the span, how many of the decided in time, the
    median hours from being found to the decision (None: none was decided), and what waits now."""

    office_id: int | None
    name: str
    found: int
    decided: int
    false_alarms: int
    in_time: int
    median_hours: float | None
    waiting: int
    overdue: int

    @property
    def false_share(self) -> float | None:
        return self.false_alarms / self.decided if self.decided else None


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of the local days ``first`` to ``last``. ``by_day`` is (day, found, decided, false alarms), every day once."""

    first: date
    last: date
    total: OfficeRow
    offices: Sequence[OfficeRow]
    by_day: Sequence[tuple[date, int, int, int]]
    decisions: Mapping[str, int]


def statistics(session: Session, actor: Actor, first: date, last: date, *, settings: FalseAlarms, now: datetime) -> Statistics:
    """Of the violations within reach that were found, or decided, on these local days. Raises Invalid (the days), Forbidden."""
    actor.require(Action.REVIEW)
    if not 0 <= (last - first).days < settings.most_days:
        raise Invalid(
            f"From the first day to the last, at most {settings.most_days} days.",
            f"起止日期有误，最多 {settings.most_days} 天。",
            field="until",
        )
    zone = ZoneInfo(session.get_one(Bureau, actor.bureau_id).timezone)
    since, until = moment_of(first, time(), zone), moment_of(last + timedelta(days=1), time(), zone)
    v = Violation
    valid = within_reach(actor, v) & (col(v.review_state) != ReviewState.WITHDRAWN.value)
    decided = valid & (col(v.decided_at) >= since) & (col(v.decided_at) < until) & (col(v.review_state) == ReviewState.DECIDED.value)
    found = _by_office(session, valid & (col(v.detected_at) >= since) & (col(v.detected_at) < until))
    waiting = _by_office(session, valid & col(v.review_state).in_(OPEN))
    overdue = _by_office(session, valid & col(v.review_state).in_(OPEN) & (col(v.due_at) <= now))
    columns: Any = (v.office_id, v.detected_at, v.decided_at, v.due_at, v.decision)
    rows = [tuple(row) for row in session.execute(select(*columns).where(decided))]
    hours, false, in_time = defaultdict[int, list[float]](list), defaultdict[int, int](int), defaultdict[int, int](int)
    decisions = dict.fromkeys((one.value for one in Decision), 0)
    for office_id, detected_at, decided_at, due_at, decision in rows:
        assert decided_at is not None
        hours[office_id].append((decided_at - detected_at) / timedelta(hours=1))
        false[office_id] += decision == Decision.FALSE_ALARM
        in_time[office_id] += decided_at <= due_at
        decisions[decision or ""] = decisions.get(decision or "", 0) + 1
    names = session.exec(select(Office.id, Office.name).where(_seen(actor)).order_by(col(Office.id))).all()
    offices = [
        OfficeRow(
            id_, name, found.get(id_, 0), len(hours[id_]), false[id_], in_time[id_], median(hours[id_]) if hours[id_] else None,
            waiting.get(id_, 0), overdue.get(id_, 0),
        )
        for id_, name in names
        if id_ is not None
    ]  # fmt: skip
    every = [one for part in hours.values() for one in part]
    total = OfficeRow(
        None, "", sum(found.values()), len(every), sum(false.values()), sum(in_time.values()), median(every) if every else None,
        sum(waiting.values()), sum(overdue.values()),
    )  # fmt: skip
    detected = session.exec(select(v.detected_at).where(valid, col(v.detected_at) >= since, col(v.detected_at) < until)).all()
    return Statistics(first, last, total, offices, _by_day(first, last, detected, rows, zone), decisions)


def _by_office(session: Session, which: ColumnElement[bool]) -> dict[int, int]:
    counted = select(Violation.office_id, func.count()).where(which).group_by(col(Violation.office_id))
    return dict(session.exec(counted).all())


def _by_day(
    first: date,
    last: date,
    detected: Sequence[datetime],
    decided: Sequence[tuple[Any, ...]],
    zone: ZoneInfo,
) -> list[tuple[date, int, int, int]]:
    days = {first + timedelta(days=n): [0, 0, 0] for n in range((last - first).days + 1)}
    for at in detected:
        days[at.astimezone(zone).date()][0] += 1
    for _, _, decided_at, _, decision in decided:
        assert decided_at is not None
        day = days[decided_at.astimezone(zone).date()]
        day[1] += 1
        day[2] += decision == Decision.FALSE_ALARM
    return [(day, found, done, false) for day, (found, done, false) in days.items()]


def _seen(actor: Actor) -> ColumnElement[bool]:
    return col(Office.bureau_id) == actor.bureau_id if actor.role is Role.BUREAU else col(Office.id).in_(sorted(actor.offices))
