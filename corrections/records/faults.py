"""What was put aside, so that nothing is lost unseen: messages that could not be used, subjects who cannot be evaluated, and times
in which nobody could be heard."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_
from sqlmodel import Session, col, select

from corrections.domain.model import Role
from corrections.errors import NotFound
from corrections.records.audit import audited_location_read, record_by
from corrections.records.directory import checked
from corrections.records.revision import ask_revision
from corrections.store.access import Action, Actor, subject_for, within_reach
from corrections.store.tables import AreaSilence, Device, DeviceFlag, Outage, Report, SetAside, StreamPosition, Subject, SubjectState


def list_set_aside(
    session: Session, actor: Actor, *, reason: str | None = None, subject_id: int | None = None, before: int | None = None, limit: int = 100
) -> list[tuple[SetAside, str | None, str | None]]:
    """Messages that were put aside, newest first, with subject number and device identifier where they are known. ``before`` is the
    last id of the page before. Those of nobody known are for the bureau and the administrator.

    Raises Invalid, Forbidden.
    """
    a = SetAside
    conditions = [_reach(actor)]
    if reason is not None:
        conditions.append(col(a.reason) == reason)
    if subject_id is not None:
        conditions.append(col(a.subject_id) == subject_id)
    if before is not None:
        conditions.append(col(a.id) < before)
    statement = select(a, Subject.number, Device.identifier).outerjoin(Subject, col(Subject.id) == col(a.subject_id))
    statement = statement.outerjoin(Device, col(Device.id) == col(a.device_id)).where(*conditions).order_by(col(a.id).desc())
    return [(row, number, device) for row, number, device in session.exec(statement.limit(checked(limit)))]


def count_set_aside(session: Session, actor: Actor | None) -> list[tuple[str, str, int]]:
    """(wire format, reason, messages) put aside so far, within the actor's reach; all for the operator (None). Raises Forbidden."""
    a = SetAside
    statement = select(a.wire, a.reason, func.sum(a.count)).outerjoin(Subject, col(Subject.id) == col(a.subject_id))
    if actor is not None:
        statement = statement.where(_reach(actor))
    return [(wire, reason, int(n)) for wire, reason, n in session.exec(statement.group_by(a.wire, a.reason).order_by(a.wire, a.reason))]


def raw_set_aside(session: Session, actor: Actor, set_aside_id: int, purpose: str, now: datetime) -> SetAside:
    """One message as it came, which may hold a position: audited where it is known whose it is. In a writing session.

    Raises Invalid (no purpose), Forbidden, NotFound.
    """
    actor.require(Action.READ_LOCATION)
    statement = select(SetAside).outerjoin(Subject, col(Subject.id) == col(SetAside.subject_id))
    row = session.exec(statement.where(SetAside.id == set_aside_id, _reach(actor))).first()
    if row is None:
        raise NotFound(f"There is no message {set_aside_id} in your offices.", f"您所在机构没有编号 {set_aside_id} 的搁置消息。")
    audited_location_read(session, actor, [] if row.subject_id is None else [row.subject_id], purpose, now)
    return row


def list_failing(session: Session, actor: Actor) -> Sequence[tuple[Subject, SubjectState]]:
    """Subjects who were set aside because evaluating them failed. Raises Forbidden."""
    actor.require(Action.READ_FAULTS)
    statement = select(Subject, SubjectState).join(SubjectState, col(SubjectState.subject_id) == col(Subject.id))
    failing = statement.where(col(SubjectState.fault).is_not(None), within_reach(actor, Subject))
    return session.exec(failing.order_by(col(SubjectState.fault_at))).all()


def retry(session: Session, actor: Actor, subject_id: int, now: datetime) -> None:
    """Have a subject who was set aside evaluated again at the next turn. Raises Forbidden, NotFound (also for one not set aside)."""
    subject_for(session, actor, subject_id, Action.READ_FAULTS)
    state = session.get(SubjectState, subject_id)
    if state is None or state.fault is None:
        raise NotFound(f"Subject {subject_id} was not set aside.", f"编号 {subject_id} 的社区矫正对象没有被搁置。")
    state.fault_at = None
    session.flush()
    if state.revise_from is None:
        ask_revision(session, [subject_id], now)
    record_by(session, actor, "subject.retry", subject_id=subject_id, now=now)


def list_outages(session: Session, actor: Actor, *, before: int | None = None, limit: int = 100) -> Sequence[Outage]:
    """Times in which this service itself was down, newest first. Raises Invalid, Forbidden."""
    actor.require(Action.READ_FAULTS)
    statement = select(Outage).order_by(col(Outage.id).desc()).limit(checked(limit))
    return session.exec(statement if before is None else statement.where(col(Outage.id) < before)).all()


def list_area_silences(session: Session, actor: Actor, *, before: int | None = None, limit: int = 100) -> Sequence[AreaSilence]:
    """Times in which much of the bureau fell silent at once, newest first. Raises Invalid, Forbidden."""
    actor.require(Action.READ_FAULTS)
    a = AreaSilence
    statement = select(a).where(a.bureau_id == actor.bureau_id).order_by(col(a.id).desc()).limit(checked(limit))
    return session.exec(statement if before is None else statement.where(col(a.id) < before)).all()


def list_device_flags(
    session: Session, actor: Actor, *, current: bool = True, before: int | None = None, limit: int = 100
) -> list[tuple[DeviceFlag, str, str]]:
    """Doubts about devices, newest first, with subject number and device identifier; ``current`` leaves out those that are over. No
    positions are in them, only by how much they are shifted. Raises Invalid, Forbidden."""
    actor.require(Action.READ_FAULTS)
    f = DeviceFlag
    conditions: list[ColumnElement[bool]] = [within_reach(actor, Subject)]
    if current:
        conditions.append(col(f.until).is_(None))
    if before is not None:
        conditions.append(col(f.id) < before)
    statement = select(f, Subject.number, Device.identifier).join(Subject, col(Subject.id) == col(f.subject_id))
    statement = statement.join(Device, col(Device.id) == col(f.device_id)).where(*conditions).order_by(col(f.id).desc())
    return [(flag, number, device) for flag, number, device in session.exec(statement.limit(checked(limit)))]


def oldest_waiting(session: Session) -> datetime | None:
    """When the oldest report that still waits for evaluation was received, over all bureaus; None when none waits."""
    oldest: list[datetime] = []
    for place in session.exec(select(StreamPosition)):
        r = Report
        next_one = select(r.received_at).where(r.bureau_id == place.bureau_id, col(r.id) > place.position)
        oldest += session.exec(next_one.order_by(col(r.id)).limit(1)).all()
    return min(oldest, default=None)


def _reach(actor: Actor) -> ColumnElement[Any]:
    """Over SetAside joined to Subject."""
    actor.require(Action.READ_FAULTS)
    known = and_(col(SetAside.subject_id).is_not(None), within_reach(actor, Subject))
    if actor.role in (Role.BUREAU, Role.ADMINISTRATOR):
        return or_(known, col(SetAside.subject_id).is_(None))
    return known
