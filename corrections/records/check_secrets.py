"""What a bureau's random moments follow from: a secret that is made by chance, and committed to in the audit chain before it is used, so
that nobody can choose or change it to make a moment fall as they like."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from corrections.domain.checks import commitment
from corrections.errors import Conflict
from corrections.records.audit import record_by
from corrections.store.access import Action, Actor
from corrections.store.tables import Bureau, CheckSecret

BYTES = 32
COMMIT = "check_secret.commit"
"""The audit event that holds a commitment."""


def secrets_of(session: Session, bureau_id: int, now: datetime) -> Sequence[CheckSecret]:
    """A bureau's secrets by the day from which each counts; the first is made here, where there is none, for the week that has begun."""
    found = _stored(session, bureau_id)
    if found:
        return found
    zone = ZoneInfo(session.get_one(Bureau, bureau_id).timezone)
    made = _make(session, bureau_id, _monday(now.astimezone(zone).date(), zone))
    if made is not None:
        _commit(session, None, made, now)
    return _stored(session, bureau_id)


def secret_for(known: Sequence[CheckSecret], day: date, zone: ZoneInfo) -> CheckSecret | None:
    """The secret that the moments of a period follow from which begins on a local day; None before there was one."""
    begins = datetime.combine(day, time(), zone).astimezone(UTC)
    return next((row for row in reversed(known) if row.valid_from <= begins), None)


def rotate_secret(session: Session, actor: Actor | None, bureau_id: int, now: datetime) -> CheckSecret:
    """A new secret from next Monday on (a week's moments follow from one), committed to now. The old one may be shown once its last week
    is over. By the bureau, or the operator. Raises Conflict (there is one for that day already), Forbidden."""
    if actor is not None:
        actor.require(Action.WRITE_ROSTER)
        bureau_id = actor.bureau_id
    secrets_of(session, bureau_id, now)
    zone = ZoneInfo(session.get_one(Bureau, bureau_id).timezone)
    made = _make(session, bureau_id, _monday(now.astimezone(zone).date() + timedelta(days=7), zone))
    if made is None:
        raise Conflict("There is a new secret from next Monday on already.", "下周一起的新密钥已经生成。")
    _commit(session, actor, made, now)
    return made


def _stored(session: Session, bureau_id: int) -> Sequence[CheckSecret]:
    c = CheckSecret
    return session.exec(select(c).where(c.bureau_id == bureau_id).order_by(col(c.valid_from))).all()


def _make(session: Session, bureau_id: int, valid_from: datetime) -> CheckSecret | None:
    """None where another process made one for the same day first."""
    secret = secrets.token_bytes(BYTES)
    row = CheckSecret(bureau_id=bureau_id, secret=secret, commitment=commitment(secret), valid_from=valid_from)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return None
    return row


def _commit(session: Session, actor: Actor | None, row: CheckSecret, now: datetime) -> None:
    detail = {"bureau": row.bureau_id, "commitment": row.commitment, "from": row.valid_from}
    record_by(session, actor, COMMIT, detail=detail, now=now)


def _monday(day: date, zone: ZoneInfo) -> datetime:
    """The midnight with which the week of a day begins."""
    return datetime.combine(day - timedelta(days=day.weekday()), time(), zone).astimezone(UTC)
