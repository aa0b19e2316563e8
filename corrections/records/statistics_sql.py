"""The statements behind the statistics; the same on both databases."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, String, and_, case, cast, func, literal, null, or_, select, type_coerce, union_all
from sqlmodel import col

from corrections.domain.model import Decision, ReviewState, to_us
from corrections.review.assignment import OPEN
from corrections.store.access import Actor, within_reach
from corrections.store.tables import Device, Report, Violation

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AGES: tuple[timedelta | None, ...] = (HOUR, 4 * HOUR, DAY, 3 * DAY, 7 * DAY, None)
"""How long ago what waits was found: up to each, and longer than the one before."""
QUARTER_US = 15 * 60 * 1_000_000


def counted(actor: Actor, since: datetime, until: datetime, *, heads: bool, most: int) -> Any:
    """Rows (what, key, decision, cause, found, decided, in time) of the violations that were found or decided in ``[since, until)``.

    1. The violations of the span once, with what is counted (``x``). 2. The zones and devices that are worth telling. 3. Sums by what:
    office, rule, client, zone, device, officer (for heads), and quarter of an hour since ``since``. 4. Medians, in rows ``median:…``, whose
    last column is the median in µs and whose ``decided`` their number.
    """
    x = _of_span(actor, since, until)
    zones = _worth_telling(x.c.zone_id, x, x.c.zone_id != 0, most)
    devices = _worth_telling(x.c.device_id, x, x.c.device_id.is_not(None), most)
    parts = [
        _sums("office", x.c.office_id, x),
        _sums("rule", x.c.rule, x),
        _sums("client", x.c.client, x),
        _sums("zone", x.c.zone_id, x).where(x.c.zone_id.in_(select(zones.c.key))),
        _sums("device", x.c.device_id, x).where(x.c.device_id.in_(select(devices.c.key))),
        _sums("quarter", x.c.found_quarter, x, decided=0).where(x.c.found == 1),
        _sums("quarter", x.c.decided_quarter, x, found=0).where(x.c.decided == 1),
        _median("all", literal(""), x),
        _median("office", x.c.office_id, x),
    ]
    if heads:
        parts += [_sums("officer", x.c.officer_id, x, found=0).where(x.c.decided == 1), _median("officer", x.c.officer_id, x)]
    return union_all(*parts)


def waiting(actor: Actor, now: datetime) -> Any:
    """Rows (office, officer, age as an index of ``AGES``, waiting, overdue) of what waits now."""
    v: Any = Violation
    ages = [(v.detected_at > now - age, n) for n, age in enumerate(AGES) if age is not None]
    age = case(*ages, else_=len(AGES) - 1)
    late = func.sum(case((v.due_at <= now, 1), else_=0))
    open_ = within_reach(actor, Violation) & col(v.review_state).in_(OPEN)
    return select(v.office_id, v.officer_id, age, func.count(), late).where(open_).group_by(v.office_id, v.officer_id, age)


def _of_span(actor: Actor, since: datetime, until: datetime) -> Any:
    """Each violation with 1 or 0 for being found and being decided in the span, and null for what says nothing without it."""
    v: Any = Violation
    found = and_(v.detected_at >= since, v.detected_at < until)
    decided = and_(v.review_state == ReviewState.DECIDED.value, v.decided_at >= since, v.decided_at < until)
    device_id, newest = _device_of(v)
    columns = (
        v.office_id, v.rule, v.zone_id, device_id.label("device_id"), func.coalesce(Device.client, "").label("client"),
        case((found, 1), else_=0).label("found"), case((decided, 1), else_=0).label("decided"),
        case((and_(decided, v.decided_at <= v.due_at), 1), else_=0).label("in_time"), case((decided, v.decision)).label("decision"),
        case((decided, v.cause)).label("cause"), case((decided, v.decided_by)).label("officer_id"),
        (_us(v.decided_at) - _us(v.detected_at)).label("took"), _quarter(v.detected_at, since).label("found_quarter"),
        _quarter(v.decided_at, since).label("decided_quarter"),
    )  # fmt: skip
    joined = select(*columns).select_from(v).outerjoin(newest, newest.c.subject_id == v.subject_id)
    joined = joined.outerjoin(Device, col(Device.id) == device_id)
    valid = within_reach(actor, Violation) & (v.review_state != ReviewState.WITHDRAWN.value)
    return joined.where(valid, or_(found, decided)).cte("x")


def _device_of(v: Any) -> tuple[Any, Any]:
    """The device of a violation, and what has to be joined for it. Only where a subject had several devices are reports looked at."""
    d, r = Device, Report
    of_subject = select(col(d.subject_id), func.max(d.id).label("newest"), func.count().label("devices")).group_by(col(d.subject_id))
    newest = of_subject.subquery("newest")
    same: Any = (col(r.subject_id) == v.subject_id, col(r.fix_time) == v.last_fix_at)
    reported = select(func.min(r.device_id)).where(*same).correlate(v).scalar_subquery()
    several = case((newest.c.devices > 1, func.coalesce(reported, newest.c.newest)), else_=newest.c.newest)
    return several, newest


def _worth_telling(key: Any, x: Any, which: Any, most: int) -> Any:
    """The keys with the most false alarms, and among those with as many the most alarms."""
    false = func.sum(case((x.c.decision == Decision.FALSE_ALARM.value, 1), else_=0))
    ranked = select(key.label("key")).where(which).group_by(key).order_by(false.desc(), func.count().desc(), key)
    return ranked.limit(most).cte(f"{key.name}s")


def _sums(what: str, key: Any, x: Any, *, found: int | None = None, decided: int | None = None) -> Any:
    """``found`` or ``decided`` 0: that is counted by another key. Where nothing decided is counted, outcomes are not told apart."""
    outcome = (null(), null()) if decided == 0 else (x.c.decision, x.c.cause)
    told = (cast(outcome[0], String), cast(outcome[1], String))
    sums = (
        literal(0) if found == 0 else func.sum(x.c.found), literal(0) if decided == 0 else func.sum(x.c.decided),
        literal(0) if decided == 0 else func.sum(x.c.in_time),
    )  # fmt: skip
    return select(literal(what), cast(key, String), *told, *sums).group_by(key, *(() if decided == 0 else outcome))


def _median(what: str, key: Any, x: Any) -> Any:
    """The middle one by key, or the mean of the two in the middle."""
    place = func.row_number().over(partition_by=key, order_by=x.c.took).label("place")
    number = func.count().over(partition_by=key).label("number")
    m = select(key.label("key"), x.c.took, place, number).where(x.c.decided == 1).subquery()
    middle = m.c.place.between((m.c.number + 1) // 2, (m.c.number + 2) // 2)
    nothing = cast(null(), String)
    told = select(literal(f"median:{what}"), cast(m.c.key, String), nothing, nothing, literal(0), func.max(m.c.number), func.avg(m.c.took))
    return told.where(middle).group_by(m.c.key)


def _us(column: Any) -> Any:
    return type_coerce(column, BigInteger)


def _quarter(column: Any, since: datetime) -> Any:
    return (_us(column) - literal(to_us(since), BigInteger)) // literal(QUARTER_US, BigInteger)
