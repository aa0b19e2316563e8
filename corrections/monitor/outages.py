"""Signs of life, by which the service knows its own outages."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from corrections.store.tables import Outage, Pulse

HEARING = "web:"  # marks, in pulse.process, the processes that take reports in


def pulse(session: Session, process: str, *, hears: bool, outage_after_s: float, now: datetime) -> Outage | None:
    """A sign of life of a process; ``hears`` when it takes reports in. When no hearing process had given one for ``outage_after_s``,
    that span is recorded as an outage of ours. Returns it."""
    newest = session.exec(select(func.max(Pulse.at)).where(col(Pulse.process).startswith(HEARING))).one()
    outage = None
    if hears and newest is not None and (now - newest).total_seconds() > outage_after_s:
        outage = Outage(began_at=newest, ended_at=now)
        session.add(outage)
    name = (HEARING if hears else "") + process
    row = session.get(Pulse, name)
    if row is None:
        session.add(Pulse(process=name, at=now))
    else:
        row.at = max(row.at, now)
    for stale in session.exec(select(Pulse).where(col(Pulse.at) < now - timedelta(days=1))):
        if stale.process != name and stale.at != newest:
            session.delete(stale)
    session.flush()
    return outage
