"""The audit trail as the auditor reads it."""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from corrections.records.audit import Fault, verify
from corrections.records.directory import checked
from corrections.store.access import Action, Actor
from corrections.store.tables import AuditEvent, Office, Officer, Subject


def list_events(
    session: Session,
    actor: Actor,
    *,
    subject_id: int | None = None,
    action: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[AuditEvent]:
    """Events that name no subject and no officer of another bureau, newest first. ``action`` may be the beginning of one
    (``zone.``); ``before`` is the last id of the page before. Raises Invalid, Forbidden."""
    actor.require(Action.READ_AUDIT)
    e = AuditEvent
    conditions = _of_bureau(actor.bureau_id)
    if subject_id is not None:
        conditions.append(col(e.subject_id) == subject_id)
    if action:
        conditions.append(col(e.action).startswith(action, autoescape=True))
    if before is not None:
        conditions.append(col(e.id) < before)
    return list(session.exec(select(e).where(*conditions).order_by(col(e.id).desc()).limit(checked(limit))))


def verify_chain(session: Session, actor: Actor, *, kept_head: str | None = None) -> list[Fault]:
    """``audit.verify``, for the auditor: the whole chain, whose bureau it may be, without telling what it says. Raises Forbidden."""
    actor.require(Action.READ_AUDIT)
    return verify(session, kept_head=kept_head)


def _of_bureau(bureau_id: int) -> list[ColumnElement[bool]]:
    e = AuditEvent
    subjects = select(Subject.id).where(Subject.bureau_id == bureau_id)
    staff = select(Officer.id).join(Office, col(Office.id) == col(Officer.office_id)).where(Office.bureau_id == bureau_id)
    officer = col(e.detail)["officer_id"].as_integer()
    return [
        or_(col(e.subject_id).is_(None), col(e.subject_id).in_(subjects)),
        or_(officer.is_(None), officer.in_(staff)),
    ]
