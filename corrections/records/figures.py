"""误报统计: which share of the violations that were decided in a span of days were false alarms, with their causes: by zone, by the client
of the device, by rule. What is often wrong is remarked on; nothing is changed by it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from corrections.domain.legal import moment_of
from corrections.domain.model import Decision, FalseAlarmCause, ReviewState
from corrections.errors import Invalid
from corrections.records import words
from corrections.settings.measures import FalseAlarms
from corrections.store.access import Action, Actor, within_reach
from corrections.store.tables import Bureau, Device, Report, Violation, Zone

Both = tuple[str, str]
Counted = Mapping[Any, Counter[tuple[str, str | None]]]  # by what: how many of each decision and cause

REMARKS: Mapping[str, Both] = {
    "zone": (
        "此围栏 {decided} 次核查中有 {wrong} 次误报，请检查并调整边界。",
        "This zone raised {wrong} false alarms of {decided}: move the line.",
    ),
    "client": (
        "此定位程序 {decided} 次核查中有 {wrong} 次误报，请检查程序设置或者更换设备。",
        "This client raised {wrong} false alarms of {decided}: look at its settings, or change the device.",
    ),
    "device": (
        "此设备 {decided} 次核查中有 {wrong} 次误报，请检查或者更换设备。",
        "This device raised {wrong} false alarms of {decided}: look at it, or change it.",
    ),
    "rule": (
        "此规则 {decided} 次核查中有 {wrong} 次误报，请检查其参数。",
        "This rule raised {wrong} false alarms of {decided}: look at its settings.",
    ),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One zone, client or rule: how many of its violations were decided, how many were false alarms, their share (0 to 1; None: none was
    decided), and the causes. ``remark`` is None where there is nothing to remark."""

    key: str
    name_zh: str
    name_en: str
    decided: int
    false_alarms: int
    share: float | None
    causes: Mapping[FalseAlarmCause, int]
    remark: Both | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the local days ``first`` to ``last``, both included, most false alarms first."""

    first: date
    last: date
    total: Row
    by_zone: Sequence[Row]
    by_client: Sequence[Row]
    by_rule: Sequence[Row]


def false_alarms(session: Session, actor: Actor, first: date, last: date, *, settings: FalseAlarms) -> Figures:
    """The figures of the violations within reach that were decided on the local days ``first`` to ``last``.

    The client is that of the device whose report was the last of the violation, or where it is no longer kept the newest device of the
    subject. Raises Invalid (the days), Forbidden.
    """
    actor.require(Action.REVIEW)
    checked_days(first, last, settings)
    zone = ZoneInfo(session.get_one(Bureau, actor.bureau_id).timezone)
    v = Violation
    which = (
        within_reach(actor, v)
        & (col(v.review_state) == ReviewState.DECIDED.value)
        & (col(v.decided_at) >= moment_of(first, time(), zone))
        & (col(v.decided_at) < moment_of(last + timedelta(days=1), time(), zone))
    )
    by_rule, by_zone = _counted(session, which, v.rule), _counted(session, which & (col(v.zone_id) != 0), v.zone_id)
    by_client = _clients(session, which)
    names = _zone_names(session, by_zone)
    every = sum(by_rule.values(), Counter[tuple[str, str | None]]())
    return Figures(
        first, last, _row("", ("合计", "in all"), every, None, settings),
        _rows(by_zone, {key: names.get(key, (str(key), str(key))) for key in by_zone}, "zone", settings),
        _rows(by_client, {key: (key or "未说明", key or "not said") for key in by_client}, "client", settings),
        _rows(by_rule, {key: words.rule(key, None) for key in by_rule}, "rule", settings),
    )  # fmt: skip


def checked_days(first: date, last: date, settings: FalseAlarms) -> None:
    """Raises Invalid unless figures may be told of the days ``first`` to ``last``."""
    if not 0 <= (last - first).days < settings.most_days:
        raise Invalid(
            f"From the first day to the last, at most {settings.most_days} days.",
            f"起止日期有误，最多 {settings.most_days} 天。",
            field="until",
        )


def remark(kind: str, decided: int, wrong: int, settings: FalseAlarms) -> Both | None:
    """What there is to remark on a zone, device, client or rule of whose decided violations so many were false alarms."""
    if not decided or wrong / decided < settings.remark_share or decided < settings.remark_decided:
        return None
    zh, en = REMARKS[kind]
    return zh.format(decided=decided, wrong=wrong), en.format(decided=decided, wrong=wrong)


def _counted(session: Session, which: ColumnElement[bool], by: Any) -> Counted:
    v, found = Violation, defaultdict[Any, Counter[tuple[str, str | None]]](Counter)
    counted = select(by, v.decision, v.cause, func.count()).where(which).group_by(by, col(v.decision), col(v.cause))
    for key, decision, cause, number in session.exec(counted):
        found[key][(decision or "", cause)] += number
    return found


def _clients(session: Session, which: ColumnElement[bool]) -> Counted:
    """Counted by client, each violation once."""
    v, r, d = Violation, Report, Device
    reported = select(v.id, func.min(r.device_id)).join(
        r, (col(r.subject_id) == col(v.subject_id)) & (col(r.fix_time) == col(v.last_fix_at))
    )
    last_device = dict(session.exec(reported.where(which).group_by(col(v.id))).all())
    decided = session.exec(select(v.id, v.subject_id, v.decision, v.cause).where(which)).all()
    subjects = {row[1] for row in decided}
    newest = dict(
        session.exec(select(d.subject_id, func.max(d.id)).where(col(d.subject_id).in_(subjects)).group_by(col(d.subject_id))).all()
    )
    wanted = {last_device.get(row[0], newest.get(row[1])) for row in decided}
    clients = dict(session.exec(select(d.id, d.client).where(col(d.id).in_(wanted))).all())
    found = defaultdict[Any, Counter[tuple[str, str | None]]](Counter)
    for number, subject_id, decision, cause in decided:
        found[clients.get(last_device.get(number, newest.get(subject_id)), "")][(decision or "", cause)] += 1
    return found


def _zone_names(session: Session, zone_ids: Iterable[int]) -> dict[Any, Both]:
    """The name of each zone, with its code."""
    named = select(Zone.id, Zone.name, Zone.code).where(col(Zone.id).in_(list(zone_ids)))
    return {zone_id: (f"{name}（{code}）", f"{name} ({code})") for zone_id, name, code in session.exec(named)}


def _rows(counted: Counted, names: Mapping[Any, Both], kind: str, settings: FalseAlarms) -> list[Row]:
    rows = [_row(str(key), names[key], decisions, kind, settings) for key, decisions in counted.items()]
    return sorted(rows, key=lambda row: (-row.false_alarms, -(row.share or 0.0), row.key))


def _row(key: str, name: Both, decisions: Counter[tuple[str, str | None]], kind: str | None, settings: FalseAlarms) -> Row:
    decided = sum(decisions.values())
    causes = {
        FalseAlarmCause(cause): number
        for (decision, cause), number in sorted(decisions.items(), key=lambda item: (-item[1], str(item[0])))
        if decision == Decision.FALSE_ALARM and cause is not None
    }
    wrong = sum(number for (decision, _), number in decisions.items() if decision == Decision.FALSE_ALARM)
    share = wrong / decided if decided else None
    said = remark(kind, decided, wrong, settings) if kind is not None else None
    return Row(key, *name, decided, wrong, share, causes, said)
