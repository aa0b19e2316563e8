"""The audit trail as the auditor reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, func, select

from corrections.errors import NotFound
from corrections.records.audit import Fault, head, verify
from corrections.records.directory import checked
from corrections.store.access import Action, Actor
from corrections.store.tables import AuditEvent, Office, Officer, Subject


def list_events(
    session: Session,
    actor: Actor,
    *,
    subject_id: int | None = None,
    action: str | None = None,
    who: str = "",
    purpose: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[AuditEvent]:
    """Events that name no subject and no officer of another bureau, newest first. ``action`` may be the beginning of one
    (``zone.``), ``who`` and ``purpose`` a part of the name or the purpose; of ``[since, until)``; ``before`` is the last id of the page
    before. Raises Invalid, Forbidden."""
    actor.require(Action.READ_AUDIT)
    e = AuditEvent
    conditions = _of_bureau(actor.bureau_id)
    if subject_id is not None:
        conditions.append(col(e.subject_id) == subject_id)
    if action:
        conditions.append(col(e.action).startswith(action, autoescape=True))
    if who.strip():
        conditions.append(col(e.actor).contains(who.strip(), autoescape=True))
    if purpose.strip():
        conditions.append(col(e.purpose).contains(purpose.strip(), autoescape=True))
    if since is not None:
        conditions.append(col(e.at) >= since)
    if until is not None:
        conditions.append(col(e.at) < until)
    if before is not None:
        conditions.append(col(e.id) < before)
    return list(session.exec(select(e).where(*conditions).order_by(col(e.id).desc()).limit(checked(limit))))


@dataclass(frozen=True, slots=True)
class Named:
    """By number: what subjects, offices and officers that events name are called. Subjects are told by their number in the register."""

    subjects: Mapping[int, str]
    offices: Mapping[int, str]
    officers: Mapping[int, str]


def names_in(session: Session, actor: Actor, subjects: Iterable[int], officers: Iterable[int]) -> Named:
    """The names of her bureau for what the auditor reads. Raises Forbidden."""
    actor.require(Action.READ_AUDIT)
    s, o, office = Subject, Officer, Office
    of_bureau = office.bureau_id == actor.bureau_id
    numbers = session.exec(select(s.id, s.number).where(s.bureau_id == actor.bureau_id, col(s.id).in_(set(subjects)))).all()
    staff = select(o.id, o.name).join(office, col(office.id) == col(o.office_id)).where(of_bureau, col(o.id).in_(set(officers)))
    offices = session.exec(select(office.id, office.name).where(of_bureau)).all()
    return Named(_by_id(numbers), _by_id(offices), _by_id(session.exec(staff).all()))


def subject_by_number(session: Session, actor: Actor, number: str) -> int:
    """The subject of her bureau with this number. Raises Forbidden, NotFound."""
    actor.require(Action.READ_AUDIT)
    found = session.exec(select(Subject.id).where(Subject.number == number.strip(), Subject.bureau_id == actor.bureau_id)).first()
    if found is None:
        raise NotFound(f"There is no subject {number} in your bureau.", f"本局没有编号 {number} 的社区矫正对象。", field="number")
    return found


def length(session: Session, actor: Actor) -> int:
    """About how many events the whole chain has, at no cost. Raises Forbidden."""
    actor.require(Action.READ_AUDIT)
    return session.exec(select(func.max(AuditEvent.id))).one() or 0


def chain_head(session: Session, actor: Actor) -> str:
    """The hash of the last event. Raises Forbidden."""
    actor.require(Action.READ_AUDIT)
    return head(session)


def verify_chain(session: Session, actor: Actor, *, kept_head: str | None = None) -> list[Fault]:
    """``audit.verify``, for the auditor: the whole chain, whose bureau it may be, without telling what it says. Raises Forbidden."""
    actor.require(Action.READ_AUDIT)
    return verify(session, kept_head=kept_head)


def _by_id(rows: Iterable[tuple[int | None, str]]) -> dict[int, str]:
    return {id_: name for id_, name in rows if id_ is not None}


def _of_bureau(bureau_id: int) -> list[ColumnElement[bool]]:
    e = AuditEvent
    subjects = select(Subject.id).where(Subject.bureau_id == bureau_id)
    staff = select(Officer.id).join(Office, col(Office.id) == col(Officer.office_id)).where(Office.bureau_id == bureau_id)
    officer = col(e.detail)["officer_id"].as_integer()
    return [
        or_(col(e.subject_id).is_(None), col(e.subject_id).in_(subjects)),
        or_(officer.is_(None), officer.in_(staff)),
    ]
