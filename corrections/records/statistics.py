"""统计: how alarms were handled over some days: how many were found and decided, how many of them false, how fast, by office, zone,
device and rule; and what waits now. No places.

The violations of the span are gone through once, in one statement; the database counts, and only sums come back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from corrections.domain.legal import moment_of
from corrections.domain.model import Decision, Role
from corrections.records import words
from corrections.records.figures import checked_days, remark
from corrections.records.statistics_sql import AGES, counted, waiting
from corrections.settings.measures import FalseAlarms
from corrections.store.access import ALLOWED, Action, Actor
from corrections.store.tables import Bureau, Device, Office, Officer, Subject, Zone

Both = tuple[str, str]


@dataclass(slots=True)
class Row:
    """One office, zone, device, client, rule or officer; or all within reach. ``found`` and ``decided`` are of the span, ``in_time`` of the
    decided by their deadline; ``median_s`` seconds from being found to the decision (None: none was decided, or it is not told by this);
    ``waiting`` and ``overdue`` are of now. ``causes`` are those of the false alarms."""

    key: str
    name: Both
    found: int = 0
    decided: int = 0
    false_alarms: int = 0
    in_time: int = 0
    median_s: float | None = None
    waiting: int = 0
    overdue: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    remark: Both | None = None
    subject_id: int | None = None  # whose device it is

    @property
    def late(self) -> int:
        return self.decided - self.in_time

    @property
    def false_share(self) -> float | None:
        return self.false_alarms / self.decided if self.decided else None


@dataclass(frozen=True, slots=True)
class Day:
    """A local day."""

    day: date
    found: int
    decided: int
    false_alarms: int


@dataclass(frozen=True, slots=True)
class Age:
    """Of what waits now, that which was found up to ``until`` ago, and longer ago than the one before (None: any longer)."""

    until: timedelta | None
    waiting: int
    overdue: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of the local days ``first`` to ``last``. Zones and devices are the ``most`` with the most false alarms and alarms; ``officers`` are
    empty for whoever is no head. ``decisions`` are by outcome."""

    first: date
    last: date
    total: Row
    offices: Sequence[Row]
    officers: Sequence[Row]
    zones: Sequence[Row]
    devices: Sequence[Row]
    clients: Sequence[Row]
    rules: Sequence[Row]
    days: Sequence[Day]
    ages: Sequence[Age]
    decisions: Mapping[str, int]

    @property
    def previous(self) -> tuple[date, date]:
        """The span of as many days before."""
        length = self.last - self.first + timedelta(days=1)
        return self.first - length, self.last - length


def statistics(
    session: Session, actor: Actor, first: date, last: date, *, settings: FalseAlarms, now: datetime, most: int = 20
) -> Statistics:
    """Of the violations within reach that were found, or decided, on these local days; withdrawn ones count as none.

    A device is that whose report was the last of the violation, or where that is no longer kept the subject's newest. Figures by officer
    are for heads. Raises Invalid (the days), Forbidden.
    """
    actor.require(Action.REVIEW)
    checked_days(first, last, settings)
    zone = ZoneInfo(session.get_one(Bureau, actor.bureau_id).timezone)
    since, until = moment_of(first, time(), zone), moment_of(last + timedelta(days=1), time(), zone)
    heads = actor.role in ALLOWED[Action.ASSIGN]
    sums = _Sums(session.execute(counted(actor, since, until, heads=heads, most=most)))
    total, ages = sums.total(), [[0, 0] for _ in AGES]
    offices, officers = sums.rows("office"), sums.rows("officer")
    for office_id, officer_id, age, number, late in session.execute(waiting(actor, now)):
        ages[age][0] += number
        ages[age][1] += late
        for one in (total, sums.row(offices, str(office_id)), sums.row(officers, str(officer_id))):
            one.waiting += number
            one.overdue += late
    return Statistics(
        first, last, total, _offices(session, actor, offices), _officers(session, officers) if heads else [],
        _ranked(_zones(session, sums.rows("zone")), "zone", settings), _ranked(_devices(session, sums.rows("device")), "device", settings),
        _ranked(_clients(sums.rows("client")), "client", settings), _ranked(_rules(sums.rows("rule")), "rule", settings),
        sums.days(first, last, since, zone), [Age(until, *numbers) for until, numbers in zip(AGES, ages, strict=True)], sums.decisions(),
    )  # fmt: skip


# ---- the sums that come back


class _Sums:
    """What ``counted`` gives: (what, key, decision, cause, found, decided, in time)."""

    def __init__(self, answered: Any) -> None:
        self._of: dict[str, list[tuple[Any, ...]]] = {}
        for what, *rest in answered:
            self._of.setdefault(what, []).append(tuple(rest))

    def rows(self, what: str) -> dict[str, Row]:
        """By key, with their medians where those were asked for."""
        found: dict[str, Row] = {}
        for key, decision, cause, new, decided, in_time in self._of.get(what, ()):
            self._add(self.row(found, key or ""), decision, cause, new, decided, in_time)
        for key, _, _, _, _, middle in self._of.get(f"median:{what}", ()):
            self.row(found, key or "").median_s = float(middle) / 1e6
        return found

    def total(self) -> Row:
        """All of it together."""
        whole = Row("", ("合计", "In all"))
        for _, *rest in self._of.get("rule", ()):
            self._add(whole, *rest)
        for _, _, _, _, decided, middle in self._of.get("median:all", ()):
            whole.median_s = float(middle) / 1e6 if decided else None
        return whole

    def decisions(self) -> dict[str, int]:
        """How many had each outcome; all outcomes."""
        told = dict.fromkeys((one.value for one in Decision), 0)
        for _, decision, _, _, decided, _ in self._of.get("rule", ()):
            if decision is not None:
                told[decision] = told.get(decision, 0) + int(decided)
        return told

    def days(self, first: date, last: date, since: datetime, zone: ZoneInfo) -> list[Day]:
        """Every day once; the sums come by quarters of an hour, which no time zone divides."""
        found, done, false = Counter[date](), Counter[date](), Counter[date]()
        for quarter, decision, _, new, decided, _ in self._of.get("quarter", ()):
            day = (since + timedelta(minutes=15) * int(quarter)).astimezone(zone).date()
            found[day] += int(new)
            done[day] += int(decided)
            false[day] += int(decided) if decision == Decision.FALSE_ALARM else 0
        days = (first + timedelta(days=n) for n in range((last - first).days + 1))
        return [Day(day, found[day], done[day], false[day]) for day in days]

    @staticmethod
    def row(rows: dict[str, Row], key: str) -> Row:
        return rows.setdefault(key, Row(key, (key, key)))

    @staticmethod
    def _add(row: Row, decision: str | None, cause: str | None, new: int, decided: int, in_time: int) -> None:
        row.found += int(new)
        row.decided += int(decided)
        row.in_time += int(in_time)
        if decision == Decision.FALSE_ALARM:
            row.false_alarms += int(decided)
            row.causes[cause or ""] += int(decided)


# ---- what they are called, and in which order they stand


def _offices(session: Session, actor: Actor, rows: dict[str, Row]) -> list[Row]:
    """All offices within reach, those without a violation as well."""
    o = Office
    seen = col(o.bureau_id) == actor.bureau_id if actor.role is Role.BUREAU else col(o.id).in_(sorted(actor.offices))
    named = session.exec(select(o.id, o.name, o.name_en).where(seen).order_by(col(o.id))).all()
    return [_named(_Sums.row(rows, str(id_)), (name, name_en or name)) for id_, name, name_en in named]


def _officers(session: Session, rows: dict[str, Row]) -> list[Row]:
    """By office and name: this is no contest."""
    rows.pop("None", None)
    named = select(Officer.id, Officer.name).where(col(Officer.id).in_([int(key) for key in rows]))
    found = session.exec(named.order_by(col(Officer.office_id), col(Officer.name))).all()
    return [_named(rows[str(id_)], (name, name)) for id_, name in found]


def _zones(session: Session, rows: dict[str, Row]) -> list[Row]:
    named = select(Zone.id, Zone.name, Zone.code).where(col(Zone.id).in_([int(key) for key in rows]))
    return [_named(rows[str(id_)], (f"{name}（{code}）", f"{name} ({code})")) for id_, name, code in session.exec(named)]


def _devices(session: Session, rows: dict[str, Row]) -> list[Row]:
    """A device is called by its identifier and the subject's number."""
    d, wanted = Device, [int(key) for key in rows if key]
    named = select(d.id, d.identifier, Subject.id, Subject.number).join(Subject, col(Subject.id) == col(d.subject_id))
    told = []
    for id_, identifier, subject_id, number in session.exec(named.where(col(d.id).in_(wanted))):
        row = _named(rows[str(id_)], (f"{identifier}（{number}）", f"{identifier} ({number})"))
        row.subject_id = subject_id
        told.append(row)
    return told


def _clients(rows: dict[str, Row]) -> list[Row]:
    return [_named(row, (row.key or "未说明", row.key or "not said")) for row in rows.values()]


def _rules(rows: dict[str, Row]) -> list[Row]:
    return [_named(row, words.rule(row.key, None)) for row in rows.values()]


def _named(row: Row, name: Both) -> Row:
    row.name = name
    return row


def _ranked(rows: list[Row], kind: str, settings: FalseAlarms) -> list[Row]:
    """Most false alarms first, then most alarms; each with what there is to remark."""
    for row in rows:
        row.remark = remark(kind, row.decided, row.false_alarms, settings)
    return sorted(rows, key=lambda row: (-row.false_alarms, -row.found, -row.decided, row.key))
