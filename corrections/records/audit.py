"""审计记录: who did or saw what, whose, when and why, as a chain of hashes in which a changed, removed, inserted or moved row shows.

The hash of an event is SHA-256 over the UTF-8 JSON array ``[previous hash, microseconds since 1970 UTC, actor, action, subject,
purpose, origin, detail]``, without spaces and with sorted keys. Whoever keeps the last hash (``head``) elsewhere can also tell
that the end of the chain was cut off.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import BigInteger, text, type_coerce
from sqlmodel import Session, col, select

from corrections.domain.model import Role, to_us
from corrections.errors import Invalid
from corrections.store.access import Action, Actor, Own, subject_for
from corrections.store.credentials import hash_credential
from corrections.store.tables import AuditEvent, LoginSession

SUBJECT = "subject"  # a subject about herself; whose number it is, the event's subject tells
SERVICE = "service"  # the service itself, which only does what a stored date says
OPERATOR = "operator"  # whoever works at the machine itself, through the command line
CHAIN_LOCK = 0x41554449  # PostgreSQL: one appends at a time, in the order of ids
CHUNK = 20_000
MAP_READ_LASTS = timedelta(minutes=15)  # for so long one record stands for a map that is open

_encode = msgspec.json.Encoder(order="sorted").encode


class Trouble(StrEnum):
    CHANGED = "changed"  # the row's content does not give its hash
    BROKEN = "broken"  # the row does not follow the one before it: rows were removed, inserted or moved here
    CUT = "cut"  # the hash kept elsewhere is not in the chain


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the chain, and at which event (None: the end is missing)."""

    event_id: int | None
    trouble: Trouble
    en: str
    zh: str


def record(
    session: Session,
    actor_name: str,
    action: str,
    *,
    subject_id: int | None = None,
    purpose: str = "",
    origin: str = "",
    detail: Mapping[str, Any] | None = None,
    now: datetime,
) -> AuditEvent:
    """Append one event to the chain, in the caller's transaction. ``detail`` is stored as plain JSON, with floats as text.

    On PostgreSQL other appends wait until the transaction ends; SQLite has one writer anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CHAIN_LOCK})
    previous = head(session)
    event = AuditEvent(
        at=now,
        actor=_plain(actor_name),
        action=_plain(action),
        subject_id=subject_id,
        purpose=_plain(purpose),
        origin=_plain(origin),
        detail=_plain(detail or {}),
        previous_hash=previous,
    )
    event.hash = _hash(previous, to_us(now), event.actor, event.action, event.subject_id, event.purpose, event.origin, event.detail)
    session.add(event)
    session.flush()
    return event


def record_by(
    session: Session,
    actor: Actor | Own | None,
    action: str,
    *,
    subject_id: int | None = None,
    purpose: str = "",
    detail: Mapping[str, Any] | None = None,
    now: datetime,
) -> AuditEvent:
    """``record`` for an officer, whose number goes into the detail, for a subject about herself, or for the operator at the machine
    (``actor`` None)."""
    if isinstance(actor, Own):
        return record(session, SUBJECT, action, subject_id=actor.subject_id, purpose=purpose, origin=actor.origin, detail=detail, now=now)
    if actor is None:
        return record(session, OPERATOR, action, subject_id=subject_id, purpose=purpose, origin="cli", detail=detail, now=now)
    known = {"officer_id": actor.officer_id, **(detail or {})}
    return record(session, actor.name, action, subject_id=subject_id, purpose=purpose, origin=actor.origin, detail=known, now=now)


def audited_location_read(session: Session, actor: Actor | None, subject_ids: Iterable[int], purpose: str, now: datetime) -> None:
    """To be called in a writing session before a person is shown where these subjects are or were: checks role and reach of each,
    and records the read with its purpose. ``actor`` None is the operator at the machine.

    Raises Invalid (field ``purpose``) without one, Forbidden or NotFound as ``subject_for`` does.
    """
    if not purpose.strip():
        raise _no_purpose()
    ids = sorted(set(subject_ids))
    if actor is not None:
        for subject_id in ids:
            subject_for(session, actor, subject_id, Action.READ_LOCATION)
    one = ids[0] if len(ids) == 1 else None
    detail = {} if one is not None else {"subjects": ids}
    record_by(session, actor, "location.read", subject_id=one, purpose=purpose.strip(), detail=detail, now=now)


def audited_map_read(session: Session, actor: Actor, token: str, purpose: str, now: datetime) -> None:
    """To be called in a writing session before a person is shown where all the subjects of her reach are. One event stands for all of
    them: ``scope`` names the bureau or the offices. While a map stays open, a look is recorded anew every ``MAP_READ_LASTS``.

    Raises Invalid (field ``purpose``) without one, Forbidden.
    """
    actor.require(Action.READ_LOCATION)
    if not purpose.strip():
        raise _no_purpose()
    row = session.get_one(LoginSession, hash_credential(token))
    if row.map_read_at is not None and now - row.map_read_at < MAP_READ_LASTS:
        return
    row.map_read_at = now
    scope = {"bureau": actor.bureau_id} if actor.role is Role.BUREAU else {"offices": sorted(actor.offices)}
    record_by(session, actor, "location.read", purpose=purpose.strip(), detail={"scope": scope}, now=now)


def _no_purpose() -> Invalid:
    return Invalid("Say why you look at this location: the purpose is recorded.", "请填写查看位置信息的目的，系统将留痕。", field="purpose")


def head(session: Session) -> str:
    """The hash of the last event; empty for an empty chain. Kept elsewhere, it proves the chain up to here."""
    return session.exec(select(AuditEvent.hash).order_by(col(AuditEvent.id).desc()).limit(1)).first() or ""


def verify(session: Session, *, kept_head: str | None = None) -> list[Fault]:
    """Walk the whole chain and name each event that was changed and each place where events were removed, inserted or moved.

    ``kept_head`` is a hash that ``head`` gave earlier and that must still be in the chain. Reads columns in chunks: memory stays
    bounded, a million events take seconds.
    """
    faults: list[Fault] = []
    before, found = "", not kept_head
    for event_id, at, actor, action, subject_id, purpose, origin, detail, previous, stated in _rows(session):
        if previous != before:
            faults.append(_broken(event_id))
        if _hash(previous, at, actor, action, subject_id, purpose, origin, detail) != stated:
            faults.append(_changed(event_id))
        found = found or stated == kept_head
        before = stated
    if not found:
        faults.append(
            Fault(
                None,
                Trouble.CUT,
                "The hash kept elsewhere is not in the chain: its end was removed.",
                "链中没有另存的哈希值：末尾记录已被删除。",
            )
        )
    return faults


def _rows(session: Session) -> Iterator[Any]:
    e = AuditEvent.__table__.c  # type: ignore[attr-defined]
    columns = (e.id, type_coerce(e.at, BigInteger), e.actor, e.action, e.subject_id, e.purpose, e.origin, e.detail, e.previous_hash, e.hash)
    statement = select(*columns).order_by(e.id)  # type: ignore[call-overload]
    return iter(session.execute(statement.execution_options(yield_per=CHUNK)))


def _hash(*fields: Any) -> str:
    return hashlib.sha256(_encode(fields)).hexdigest()


def _plain(value: Any) -> Any:
    """What both databases give back exactly as it went in: no NUL, no lone surrogates, no floats (JSONB respells them)."""
    if isinstance(value, str):
        return str(value).replace("\x00", "").encode("utf-8", "replace").decode()
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {_plain(str(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return str(value)


def _changed(event_id: int) -> Fault:
    return Fault(event_id, Trouble.CHANGED, f"Event {event_id} was changed after it was recorded.", f"第 {event_id} 条记录在写入后被改动。")


def _broken(event_id: int) -> Fault:
    return Fault(
        event_id,
        Trouble.BROKEN,
        f"Event {event_id} does not follow the one before it: events were removed, inserted or moved here.",
        f"第 {event_id} 条记录与前一条不衔接：此处有记录被删除、插入或移动。",
    )
