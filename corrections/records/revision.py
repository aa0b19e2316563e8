"""Asking the monitor to look again: whatever changes what counted as a violation passes here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, literal, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from corrections.settings import Silence
from corrections.store.tables import Subject, SubjectState
from corrections.store.types import UTCDateTime

FIRST_CONTACT = timedelta(hours=24)  # a newly enrolled device must have reported by then


def ask_revision(session: Session, whom: Iterable[int] | ColumnElement[bool], since: datetime) -> None:
    """Have the violations of these subjects derived anew from fix time ``since`` on, or from an earlier moment already asked for.

    ``whom`` is subject ids or a condition over ``Subject``. Makes the missing rows of state.
    """
    condition = whom if isinstance(whom, ColumnElement) else col(Subject.id).in_(list(whom))
    ensure_state(session, condition)
    at = literal(since, UTCDateTime)
    earlier = case((col(SubjectState.revise_from).is_(None) | (col(SubjectState.revise_from) > at), at), else_=SubjectState.revise_from)
    concerned = select(Subject.id).where(condition)
    session.execute(update(SubjectState).where(col(SubjectState.subject_id).in_(concerned)).values(revise_from=earlier))


def ask_patterns(session: Session, subject_ids: Iterable[int], since: datetime) -> None:
    """Have the patterns of these subjects looked for anew from fix time ``since`` on, or from an earlier moment already asked for."""
    condition = col(Subject.id).in_(list(subject_ids))
    ensure_state(session, condition)
    s, at = SubjectState, literal(since, UTCDateTime)
    earlier = case((col(s.patterns_from).is_(None) | (col(s.patterns_from) > at), at), else_=s.patterns_from)
    concerned = select(Subject.id).where(condition)
    session.execute(update(s).where(col(s.subject_id).in_(concerned)).values(patterns_from=earlier))


def ensure_state(session: Session, condition: ColumnElement[bool]) -> None:
    """Make the row of state of each subject that has none; a concurrent maker does no harm."""
    session.flush()
    insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    rows = select(Subject.id, Subject.bureau_id, literal(b""), literal("unknown")).where(condition)
    into = insert(SubjectState).from_select(["subject_id", "bureau_id", "memory", "side"], rows)
    session.execute(into.on_conflict_do_nothing(index_elements=["subject_id"]))


def expect_contact(session: Session, subject: Subject, interval_s: int, silence: Silence, now: datetime) -> None:
    """Start to expect a subject's reports: first within a day, or within the silence rule's time where that is longer."""
    assert subject.id is not None
    ensure_state(session, col(Subject.id) == subject.id)
    threshold = timedelta(seconds=max(silence.missed_intervals * interval_s, silence.least_minutes * 60))
    due = now + max(FIRST_CONTACT, threshold)
    state = update(SubjectState).where(col(SubjectState.subject_id) == subject.id)
    session.execute(state.where(col(SubjectState.last_contact_at).is_(None)).values(expected_by=due))
    # One who was watched before (back from custody, a new phone) is expected anew, too, unless a contact is already awaited.
    session.execute(state.where(col(SubjectState.expected_by).is_(None)).values(expected_by=due))


def expect_nothing(session: Session, subject_id: int) -> None:
    """Stop expecting reports: silence is no matter any more."""
    session.execute(update(SubjectState).where(col(SubjectState.subject_id) == subject_id).values(expected_by=None))
