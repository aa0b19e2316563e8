"""Who is there: absences with their deputies, and who is on duty (值班) when the bureau is closed. (They are recorded in
``records.roster``.)"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlmodel import Session, col, select

from corrections.store.tables import Absence, Duty, Office, Officer


def absences(session: Session, at: datetime, officer_ids: Collection[int] | None = None) -> Mapping[int, Absence]:
    """The absence of each officer who is away at a moment, by officer; of several the one that ends last. ``officer_ids`` None: all."""
    a = Absence
    statement = select(a).where(a.starts_at <= at, a.ends_at > at, col(a.revoked_at).is_(None) | (col(a.revoked_at) > at))
    if officer_ids is not None:
        statement = statement.where(col(a.officer_id).in_(list(officer_ids)))
    return {absence.officer_id: absence for absence in session.exec(statement.order_by(col(a.ends_at), col(a.id)))}


def is_absent(session: Session, officer_id: int, at: datetime) -> bool:
    """Whether an officer is away at a moment."""
    return officer_id in absences(session, at, [officer_id])


def deputy_of(session: Session, officer: Officer, at: datetime) -> int | None:
    """Who stands in for an officer at a moment: whom her absence names, else her standing deputy; None where there is neither."""
    assert officer.id is not None
    absence = absences(session, at, [officer.id]).get(officer.id)
    return absence.deputy_id if absence is not None and absence.deputy_id is not None else officer.deputy_id


def on_duty(session: Session, bureau_id: int, office_id: int, at: datetime) -> list[int]:
    """The officers on duty for an office at a moment, those for this very office before those for the whole bureau, then by id."""
    d = Duty
    statement = select(d).where(d.bureau_id == bureau_id, d.starts_at <= at, d.ends_at > at)
    statement = statement.where(col(d.office_id).is_(None) | (col(d.office_id) == office_id))
    found = session.exec(statement.where(col(d.revoked_at).is_(None) | (col(d.revoked_at) > at))).all()
    ordered = sorted(found, key=lambda duty: (duty.office_id is None, duty.id))
    return list(dict.fromkeys(duty.officer_id for duty in ordered))


def duty_offices(session: Session, officer_id: int, at: datetime) -> frozenset[int]:
    """The offices that an officer on duty may see and act for at a moment; none where she is not on duty."""
    d = Duty
    statement = select(d).where(d.officer_id == officer_id, d.starts_at <= at, d.ends_at > at)
    found = session.exec(statement.where(col(d.revoked_at).is_(None) | (col(d.revoked_at) > at))).all()
    if (whole := next((duty.bureau_id for duty in found if duty.office_id is None), None)) is not None:
        return frozenset(i for i in session.exec(select(Office.id).where(Office.bureau_id == whole)) if i is not None)
    return frozenset(duty.office_id for duty in found if duty.office_id is not None)
