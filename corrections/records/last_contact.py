"""When a subject was last known to be in contact, and from what: what the service proposes as the start of a term, for a person to judge.

A report shows that her phone was in contact; a talk, a visit, a check-in, a statement, that she was. No positions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, func, select

from corrections.domain.casework import Finding
from corrections.domain.legal import ContactSource
from corrections.records.logs import EntryKind
from corrections.review.events import EventKind
from corrections.review.reviewing import Answer
from corrections.store.tables import (
    CheckEntry,
    CheckIn,
    LeaveReport,
    LeaveRequest,
    LogEntry,
    Report,
    ReviewEvent,
    SearchCase,
    SearchStep,
    Statement,
    SubjectState,
    Violation,
)

IN_PERSON = (EntryKind.VISIT, EntryKind.TALK, EntryKind.REPORT, EntryKind.EDUCATION)
CONTACTS_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class LastContact:
    """A moment of contact and where it is recorded: ``ref`` names the row, as ``log_entry:12``; empty for reports."""

    at: datetime
    source: ContactSource
    ref: str = ""


def last_contact(session: Session, subject_id: int, now: datetime) -> LastContact | None:
    """The latest contact of all that is recorded up to ``now``; None where there was none."""
    return max(_contacts(session, subject_id, now), key=lambda found: found.at, default=None)


def _contacts(session: Session, subject_id: int, now: datetime) -> Iterator[LastContact]:
    heard = [at for at in _heard(session, subject_id) if at <= now]
    if heard:
        yield LastContact(max(heard), ContactSource.REPORT)
    entries = (LogEntry.subject_id == subject_id, col(LogEntry.kind).in_([kind.value for kind in IN_PERSON]))
    yield from _latest(session, LogEntry, LogEntry.at, ContactSource.LOG_ENTRY, entries, now)
    yield from _latest(session, CheckIn, CheckIn.answered_at, ContactSource.CHECK_IN, (CheckIn.subject_id == subject_id,), now)
    yield from _latest(session, Statement, Statement.taken_at, ContactSource.STATEMENT, (Statement.subject_id == subject_id,), now)
    reached = (CheckEntry.subject_id == subject_id, CheckEntry.finding == Finding.REACHED.value)
    yield from _latest(session, CheckEntry, CheckEntry.found_at, ContactSource.ROUND, reached, now)
    hers = col(LeaveReport.request_id).in_(select(LeaveRequest.id).where(LeaveRequest.subject_id == subject_id))
    yield from _latest(session, LeaveReport, LeaveReport.at, ContactSource.LEAVE_REPORT, (hers,), now)
    found = (
        col(SearchStep.search_id).in_(select(SearchCase.id).where(SearchCase.subject_id == subject_id)),
        col(SearchStep.found).is_(True),
    )
    yield from _latest(session, SearchStep, SearchStep.at, ContactSource.SEARCH, found, now)
    yield from _reached(session, subject_id, now)


def _heard(session: Session, subject_id: int) -> list[datetime]:
    """When her phone was last heard: as the monitor remembers, else by the reports themselves."""
    state = session.get(SubjectState, subject_id)
    if state is not None and state.last_contact_at is not None:
        return [state.last_contact_at]
    received = session.exec(select(func.max(Report.received_at)).where(Report.subject_id == subject_id)).one()
    return [] if received is None else [received]


def _latest(session: Session, table: Any, at: Any, source: ContactSource, where: tuple[Any, ...], now: datetime) -> Iterator[LastContact]:
    statement = select(table.id, at).where(*where, col(at).is_not(None), col(at) <= now)
    row = session.exec(statement.order_by(col(at).desc(), table.id.desc()).limit(1)).first()
    if row is not None:
        yield LastContact(row[1], source, f"{table.__tablename__}:{row[0]}")


def _reached(session: Session, subject_id: int, now: datetime) -> Iterator[LastContact]:
    """The last time an officer reached somebody about one of her violations."""
    e, v = ReviewEvent, Violation
    statement = select(e).join(v, col(v.id) == col(e.violation_id)).where(v.subject_id == subject_id, e.kind == EventKind.CONTACTED.value)
    for event in session.exec(statement.where(col(e.at) <= now).order_by(col(e.at).desc(), col(e.id).desc()).limit(CONTACTS_LOOKED_AT)):
        if event.content.get("answer") == Answer.REACHED.value:
            yield LastContact(event.at, ContactSource.REVIEW, f"violation:{event.violation_id}")
            return
