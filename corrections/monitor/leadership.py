"""Of several processes that run the same jobs, which may act: a lease in the database, on SQLite and PostgreSQL alike.

Everything that is done under a lease is safe to do twice; the lease keeps it from being tried twice.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import case, insert, or_, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from corrections.store.tables import Lease


def hold(session: Session, name: str, holder: str, now: datetime, lasts: timedelta) -> int | None:
    """Take a lease that is free or has run out, or keep one's own, until ``now + lasts``; None while another holds it.

    Returns its epoch, which grows with each change of holder. Of two who try at the same moment one gets it: the row's lock, and its key
    where there is none yet, decide.
    """
    lease = Lease
    free = or_(col(lease.holder) == holder, col(lease.expires_at) <= now)
    epoch = case((col(lease.holder) == holder, col(lease.epoch)), else_=col(lease.epoch) + 1)
    taking = update(lease).where(col(lease.name) == name, free).values(holder=holder, epoch=epoch, expires_at=now + lasts)
    taken = session.execute(taking.returning(col(lease.epoch)), execution_options={"synchronize_session": False}).first()
    if taken is not None:
        return int(taken[0])
    try:
        with session.begin_nested():
            session.execute(insert(lease).values(name=name, holder=holder, epoch=1, expires_at=now + lasts))
    except IntegrityError:
        return None
    return 1


def let_go(session: Session, name: str, holder: str, now: datetime) -> None:
    """Give up a lease, so that another need not wait for its end; nothing happens where another holds it."""
    mine = update(Lease).where(col(Lease.name) == name, col(Lease.holder) == holder)
    session.execute(mine.values(expires_at=now), execution_options={"synchronize_session": False})
