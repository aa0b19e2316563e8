"""What the store knows about a subject's days: loaded once for a span of local days, looked at day by day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import BigInteger, type_coerce
from sqlmodel import Session, col, select

from corrections.domain.model import Bools, Ints, ReviewState, to_us
from corrections.store.tables import (
    AreaSilence,
    Authority,
    Bureau,
    CheckEntry,
    CheckIn,
    CheckRound,
    Device,
    LeavePermit,
    LeaveReport,
    LeaveRequest,
    LogEntry,
    Office,
    Officer,
    Outage,
    Report,
    ReviewEvent,
    SearchCase,
    SearchStep,
    SetAside,
    Subject,
    Violation,
    Zone,
    ZoneRevision,
)

OLDEST_FIX = timedelta(days=60)  # a contact of today may bring a fix this old
AHEAD = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ReportRows:
    """Reports of a subject as columns of one length, ordered by fix time."""

    id: Ints
    fix_us: Ints
    received_us: Ints
    device: Ints
    positioned: Bools
    mock: Bools


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a subject's supervision log is written from, save where she was, for a span of local days."""

    subject: Subject
    office: Office
    officer: Officer | None
    bureau: Bureau
    timezone: ZoneInfo
    reports: ReportRows
    authorities: Sequence[Authority]
    leaves: Sequence[LeavePermit]
    violations: Sequence[Violation]
    steps: dict[int, list[ReviewEvent]]  # by violation
    names: dict[int, str]  # officers
    entries: Sequence[LogEntry]
    searches: Sequence[tuple[SearchCase, Sequence[SearchStep]]]
    checks: Sequence[tuple[CheckEntry, CheckRound]]
    check_ins: Sequence[CheckIn]
    leave_reports: Sequence[tuple[LeaveReport, LeaveRequest]]
    outages: Sequence[Outage]
    silences: Sequence[AreaSilence]
    set_aside: Sequence[SetAside]
    devices: dict[int, str]
    revisions: dict[int, tuple[Zone, Any]]  # by zone version: id, version, valid_from, valid_until, published_at, published_by


def day_bounds(day: date, timezone: ZoneInfo) -> tuple[datetime, datetime]:
    """The moments (UTC) at which a local day begins and ends; 23 or 25 hours apart where the clock changes."""
    return _midnight(day, timezone), _midnight(day + timedelta(days=1), timezone)


def local_day(at: datetime, timezone: ZoneInfo) -> date:
    return at.astimezone(timezone).date()


def violation_end(violation: Violation) -> datetime | None:
    """When a violation ended; one that was taken back before it ended reaches to its last fix."""
    if violation.ended_at is None and violation.review_state == ReviewState.WITHDRAWN:
        return violation.last_fix_at
    return violation.ended_at


def touches(violation: Violation, start: datetime, end: datetime) -> bool:
    """Whether a violation was in progress at any moment of ``[start, end)``."""
    ended = violation_end(violation)
    return violation.started_at < end and (ended is None or ended > start or violation.started_at >= start)


def load_facts(session: Session, subject: Subject, first: date, last: date) -> Facts:
    """The facts of a subject for the local days ``first`` to ``last``."""
    bureau = session.get_one(Bureau, subject.bureau_id)
    timezone = ZoneInfo(bureau.timezone)
    start, end = day_bounds(first, timezone)[0], day_bounds(last, timezone)[1]
    violations = [v for v in _violations(session, subject, start, end) if touches(v, start, end)]
    steps = _steps(session, [v.id for v in violations if v.id is not None])
    entries = _between(session, LogEntry, LogEntry.day, first.isoformat(), last.isoformat(), subject)
    searches = _searches(session, subject, start, end)
    officers = {e.officer_id for e in entries} | {subject.officer_id}
    officers |= {who for case, done in searches for who in (case.opened_by, case.closed_by, *(step.officer_id for step in done))}
    checks, check_ins = _checks(session, subject, start, end)
    officers |= {who for entry, made in checks for who in (entry.found_by, made.signed_by)} | {c.asked_by for c in check_ins}
    leave_reports = _leave_reports(session, subject, start, end)
    officers |= {report.recorded_by for report, _ in leave_reports}
    officers |= {who for v in violations for who in (v.officer_id, v.claimed_by, v.decided_by)}
    officers |= {who for events in steps.values() for e in events for who in (e.officer_id, e.content.get("to"))}
    staff = {o.id: o for o in session.exec(select(Officer).where(col(Officer.id).in_([i for i in officers if isinstance(i, int)])))}
    return Facts(
        subject=subject,
        office=session.get_one(Office, subject.office_id),
        officer=staff.get(subject.officer_id),
        bureau=bureau,
        timezone=timezone,
        reports=_reports(session, subject, start, end),
        authorities=_overlapping(session, Authority, subject, start, end),
        leaves=_overlapping(session, LeavePermit, subject, start, end),
        violations=violations,
        steps=steps,
        names={i: o.name for i, o in staff.items() if i is not None},
        entries=entries,
        searches=searches,
        checks=checks,
        check_ins=check_ins,
        leave_reports=leave_reports,
        outages=session.exec(select(Outage).where(col(Outage.began_at) < end, col(Outage.ended_at) > start).order_by(col(Outage.id))).all(),
        silences=_silences(session, subject, start, end),
        set_aside=_between(session, SetAside, SetAside.received_at, start, end - timedelta(microseconds=1), subject),
        devices=dict(session.exec(select(Device.id, Device.identifier).where(Device.subject_id == subject.id)).all()),  # type: ignore[arg-type]
        revisions=_revisions(session, subject.bureau_id, start, end),
    )


def _midnight(day: date, timezone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), timezone).astimezone(UTC)


def _violations(session: Session, subject: Subject, start: datetime, end: datetime) -> Sequence[Violation]:
    v = Violation
    statement = select(v).where(v.subject_id == subject.id, col(v.started_at) < end)
    return session.exec(statement.where(col(v.ended_at).is_(None) | (col(v.ended_at) >= start)).order_by(col(v.id))).all()


def _steps(session: Session, violations: Sequence[int]) -> dict[int, list[ReviewEvent]]:
    steps: dict[int, list[ReviewEvent]] = defaultdict(list)
    statement = select(ReviewEvent).where(col(ReviewEvent.violation_id).in_(violations)).order_by(col(ReviewEvent.id))
    for event in session.exec(statement):
        steps[event.violation_id].append(event)
    return dict(steps)


def _searches(session: Session, subject: Subject, start: datetime, end: datetime) -> list[tuple[SearchCase, Sequence[SearchStep]]]:
    """The searches that were open, or a step of which was taken, within the span, each with its steps in order."""
    c, p = SearchCase, SearchStep
    found: list[tuple[SearchCase, Sequence[SearchStep]]] = []
    for case in session.exec(select(c).where(c.subject_id == subject.id).order_by(col(c.id))).all():
        steps = session.exec(select(p).where(p.search_id == case.id).order_by(col(p.at), col(p.id))).all()
        begun = min([case.opened_at, *(step.at for step in steps)])
        if begun < end and (case.closed_at is None or case.closed_at >= start):
            found.append((case, steps))
    return found


def _between(session: Session, table: Any, column: Any, first: Any, last: Any, subject: Subject) -> Sequence[Any]:
    statement = select(table).where(table.subject_id == subject.id, col(column) >= first, col(column) <= last)
    return session.exec(statement.order_by(table.id)).all()


def _overlapping(session: Session, table: Any, subject: Subject, start: datetime, end: datetime) -> Sequence[Any]:
    """Authorities or leaves that were in force at any moment of ``[start, end)``."""
    statement = select(table).where(table.subject_id == subject.id, table.valid_from < end, table.valid_until > start)
    return session.exec(statement.where(table.revoked_at.is_(None) | (table.revoked_at > start)).order_by(table.id)).all()


def _checks(
    session: Session, subject: Subject, start: datetime, end: datetime
) -> tuple[list[tuple[CheckEntry, CheckRound]], list[CheckIn]]:
    """The rounds in which a subject was, and the check-ins that she was asked for, within the span."""
    rounds = select(CheckEntry, CheckRound).join(CheckRound, col(CheckRound.id) == col(CheckEntry.round_id))
    rounds = rounds.where(CheckEntry.subject_id == subject.id, CheckRound.slot_at >= start, CheckRound.slot_at < end)
    c = CheckIn
    asked = select(c).where(c.subject_id == subject.id, c.skipped == "", c.asked_at >= start, c.asked_at < end)
    return list(session.exec(rounds.order_by(col(CheckRound.id))).all()), list(session.exec(asked.order_by(col(c.id))).all())


def _leave_reports(session: Session, subject: Subject, start: datetime, end: datetime) -> Sequence[tuple[LeaveReport, LeaveRequest]]:
    """What a subject on leave reported of the span, with the leave."""
    r = LeaveReport
    statement = select(r, LeaveRequest).join(LeaveRequest, col(LeaveRequest.id) == col(r.request_id))
    statement = statement.where(LeaveRequest.subject_id == subject.id, col(r.at) >= start, col(r.at) < end)
    return session.exec(statement.order_by(col(r.id))).all()


def _silences(session: Session, subject: Subject, start: datetime, end: datetime) -> Sequence[AreaSilence]:
    a = AreaSilence
    statement = select(a).where(a.bureau_id == subject.bureau_id, col(a.began_at) < end)
    return session.exec(statement.where(col(a.ended_at).is_(None) | (col(a.ended_at) > start)).order_by(col(a.id))).all()


def _revisions(session: Session, bureau_id: int, start: datetime, end: datetime) -> dict[int, tuple[Zone, Any]]:
    """The bureau's zone versions in force within the span, without their outlines."""
    r = ZoneRevision
    columns = (r.id, r.version, r.valid_from, r.valid_until, r.published_at, r.published_by)
    statement = select(Zone, *columns).join(Zone, col(Zone.id) == col(r.zone_id))  # type: ignore[call-overload]
    statement = statement.where(Zone.bureau_id == bureau_id, col(r.valid_from) < end)
    rows: Iterable[Any] = session.execute(statement.where(col(r.valid_until).is_(None) | (col(r.valid_until) > start)).order_by(r.id))
    return {row.id: (row[0], row) for row in rows}


def _reports(session: Session, subject: Subject, start: datetime, end: datetime) -> ReportRows:
    """Reports of fixes in the span, and those received in it that are of older fixes."""
    r: Any = Report.__table__  # type: ignore[attr-defined]
    fix, received = type_coerce(r.c.fix_time, BigInteger), type_coerce(r.c.received_at, BigInteger)
    statement = select(r.c.id, fix, received, r.c.device_id, r.c.lat.is_not(None), r.c.mock).where(r.c.subject_id == subject.id)  # type: ignore[call-overload]
    statement = statement.where(
        fix >= to_us(start - OLDEST_FIX), fix < to_us(end + AHEAD), (fix >= to_us(start)) | (received >= to_us(start))
    )
    rows = session.execute(statement.order_by(r.c.fix_time, r.c.id)).all()
    columns = list(zip(*rows, strict=True)) if rows else [()] * 6
    ids, fixes, receipts, devices = (np.array(column, dtype=np.int64) for column in columns[:4])
    return ReportRows(ids, fixes, receipts, devices, np.array(columns[4], dtype=bool), np.array(columns[5], dtype=bool))
