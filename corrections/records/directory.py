"""The register as it is read: places of work, staff, subjects and what belongs to them, zones. No locations.

Lists come in order of id, at most ``MOST_ROWS`` at a time; ``after`` is the last id of the page before.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, false, func, or_
from sqlmodel import Session, col, select

from corrections.domain.model import Level, Role, Scope, SubjectStatus
from corrections.errors import Invalid, NotFound
from corrections.store.access import Action, Actor, subject_for, within_reach
from corrections.store.tables import (
    Authority,
    Bureau,
    Device,
    DeviceFlag,
    LeavePermit,
    Office,
    Officer,
    Subject,
    SubjectState,
    Zone,
    ZoneRevision,
)

MOST_ROWS = 500


def bureau_of(session: Session, actor: Actor) -> Bureau:
    """The actor's bureau."""
    return session.get_one(Bureau, actor.bureau_id)


def list_offices(session: Session, actor: Actor) -> Sequence[Office]:
    """The offices of the actor's bureau. Raises Forbidden."""
    actor.require(Action.READ_REGISTER)
    return session.exec(select(Office).where(Office.bureau_id == actor.bureau_id).order_by(col(Office.id))).all()


def list_officers(
    session: Session,
    actor: Actor,
    *,
    office_id: int | None = None,
    active: bool | None = None,
    search: str = "",
    after: int = 0,
    limit: int = 100,
) -> list[Officer]:
    """The staff of the actor's bureau: all of it, so that matters can be handed over; ``search`` is part of a name or login. Raises
    Invalid, Forbidden."""
    actor.require(Action.READ_REGISTER)
    statement = select(Officer).join(Office, col(Office.id) == col(Officer.office_id)).where(Office.bureau_id == actor.bureau_id)
    if office_id is not None:
        statement = statement.where(Officer.office_id == office_id)
    if active is not None:
        statement = statement.where(col(Officer.active).is_(active))
    if part := search.strip():
        statement = statement.where(
            or_(col(Officer.name).contains(part, autoescape=True), col(Officer.login).contains(part, autoescape=True))
        )
    statement = statement.where(col(Officer.id) > after).order_by(col(Officer.id))
    return list(session.exec(statement.limit(checked(limit))))


def officer_names(session: Session, actor: Actor, officer_ids: Collection[int]) -> dict[int, str]:
    """The names of some of the actor's bureau's staff. Raises Forbidden."""
    actor.require(Action.READ_REGISTER)
    named = select(Officer.id, Officer.name).join(Office, col(Office.id) == col(Officer.office_id))
    found = session.exec(named.where(Office.bureau_id == actor.bureau_id, col(Officer.id).in_(officer_ids)))
    return {id_: name for id_, name in found if id_ is not None}


def officer_in_reach(session: Session, actor: Actor, officer_id: int) -> Officer:
    """A member of the actor's bureau's staff. Raises Forbidden, NotFound."""
    actor.require(Action.READ_REGISTER)
    officer = session.get(Officer, officer_id)
    if officer is None or session.get_one(Office, officer.office_id).bureau_id != actor.bureau_id:
        raise NotFound(f"There is no officer {officer_id} in your bureau.", f"本局没有编号 {officer_id} 的工作人员。")
    return officer


def list_subjects(
    session: Session,
    actor: Actor,
    *,
    office_id: int | None = None,
    officer_id: int | None = None,
    status: SubjectStatus | None = None,
    level: Level | None = None,
    search: str = "",
    uncertain: bool = False,
    after: int = 0,
    limit: int = 100,
) -> list[Subject]:
    """Subjects within the actor's reach; ``search`` is part of a name or number, ``uncertain`` keeps those of whom one cannot tell on
    which side they are (for reviewers alone). Raises Invalid, Forbidden."""
    actor.require(Action.READ_REGISTER)
    s = Subject
    conditions: list[ColumnElement[bool]] = [within_reach(actor, s), col(s.id) > after]
    wanted = {s.office_id: office_id, s.officer_id: officer_id, s.status: status, s.level: level}
    conditions += [col(column) == value for column, value in wanted.items() if value is not None]
    if search.strip():
        part = search.strip()
        conditions.append(or_(col(s.name).contains(part, autoescape=True), col(s.number).contains(part, autoescape=True)))
    if uncertain:
        actor.require(Action.REVIEW)
        doubtful = select(SubjectState.subject_id).where(col(SubjectState.uncertain_since).is_not(None))
        conditions.append(col(s.id).in_(doubtful))
    return list(session.exec(select(s).where(*conditions).order_by(col(s.id)).limit(checked(limit))))


def subject_by_number(session: Session, actor: Actor, number: str, field: str = "number") -> Subject:
    """The subject of a number, within reach. Raises Forbidden, NotFound (it names ``field``)."""
    actor.require(Action.READ_REGISTER)
    found = session.exec(select(Subject).where(Subject.number == number.strip(), within_reach(actor, Subject))).first()
    if found is None:
        raise NotFound(f"There is no subject {number} in your offices.", f"您所在机构没有编号为 {number} 的对象。", field=field)
    return found


def authorities_of(session: Session, actor: Actor, subject_id: int) -> Sequence[Authority]:
    """The legal bases recorded for a subject, newest first. Raises Forbidden, NotFound."""
    subject_for(session, actor, subject_id, Action.READ_REGISTER)
    return session.exec(select(Authority).where(Authority.subject_id == subject_id).order_by(col(Authority.id).desc())).all()


def devices_of(session: Session, actor: Actor, subject_id: int) -> Sequence[Device]:
    """A subject's devices, newest first, revoked ones included. Raises Forbidden, NotFound."""
    subject_for(session, actor, subject_id, Action.READ_REGISTER)
    return session.exec(select(Device).where(Device.subject_id == subject_id).order_by(col(Device.id).desc())).all()


def flags_of(session: Session, actor: Actor, subject_id: int) -> Sequence[DeviceFlag]:
    """The doubts about a subject's devices that are not over, newest first. Raises Forbidden, NotFound."""
    subject_for(session, actor, subject_id, Action.READ_REGISTER)
    current = select(DeviceFlag).where(DeviceFlag.subject_id == subject_id, col(DeviceFlag.until).is_(None))
    return session.exec(current.order_by(col(DeviceFlag.id).desc())).all()


def leaves_of(session: Session, actor: Actor, subject_id: int) -> Sequence[LeavePermit]:
    """A subject's leave, newest first. Raises Forbidden, NotFound."""
    subject_for(session, actor, subject_id, Action.READ_REGISTER)
    return session.exec(select(LeavePermit).where(LeavePermit.subject_id == subject_id).order_by(col(LeavePermit.id).desc())).all()


def list_zones(
    session: Session, actor: Actor, *, in_force_at: datetime | None = None, after: int = 0, limit: int = 100
) -> list[tuple[Zone, ZoneRevision]]:
    """Zones that concern the actor, each with its newest version; those in force at a moment where one is given.

    Raises Invalid, Forbidden.
    """
    actor.require(Action.READ_REGISTER)
    z, r = Zone, ZoneRevision
    newest = select(func.max(r.version)).where(r.zone_id == z.id).correlate(z).scalar_subquery()
    statement = select(z, r).join(r, (col(r.zone_id) == col(z.id)) & (col(r.version) == newest))
    statement = statement.where(z.bureau_id == actor.bureau_id, _concerns(actor), col(z.id) > after)
    if in_force_at is not None:
        statement = statement.where(col(r.valid_from) <= in_force_at, col(r.valid_until).is_(None) | (col(r.valid_until) > in_force_at))
    return [(zone, revision) for zone, revision in session.exec(statement.order_by(col(z.id)).limit(checked(limit)))]


def zone_versions(session: Session, actor: Actor, zone_id: int) -> tuple[Zone, Sequence[ZoneRevision]]:
    """A zone with those of its versions that concern the actor, newest first. Raises Forbidden, NotFound."""
    actor.require(Action.READ_REGISTER)
    zone = session.get(Zone, zone_id)
    revisions: Sequence[ZoneRevision] = ()
    if zone is not None and zone.bureau_id == actor.bureau_id:
        statement = select(ZoneRevision).where(ZoneRevision.zone_id == zone_id, _concerns(actor))
        revisions = session.exec(statement.order_by(col(ZoneRevision.version).desc())).all()
    if zone is None or not revisions:
        raise NotFound(f"There is no zone {zone_id} in your bureau.", f"本局没有编号 {zone_id} 的电子围栏。")
    return zone, revisions


def zone_version(session: Session, actor: Actor, zone_id: int, version: int) -> ZoneRevision:
    """One version of a zone that concerns the actor. Raises Forbidden, NotFound."""
    for revision in zone_versions(session, actor, zone_id)[1]:
        if revision.version == version:
            return revision
    raise NotFound(f"Zone {zone_id} has no version {version}.", f"编号 {zone_id} 的电子围栏没有第 {version} 版。")


def known_codes(session: Session, actor: Actor, codes: Sequence[str]) -> set[str]:
    """Those of some zones' codes that the actor may know. Raises Forbidden."""
    actor.require(Action.READ_REGISTER)
    statement = select(Zone.code).join(ZoneRevision, col(ZoneRevision.zone_id) == col(Zone.id))
    known = statement.where(Zone.bureau_id == actor.bureau_id, col(Zone.code).in_(codes), _concerns(actor))
    return set(session.exec(known))


def checked(limit: int) -> int:
    """The limit, if a page may have so many rows. Raises Invalid."""
    if not 1 <= limit <= MOST_ROWS:
        raise Invalid(f"limit must be 1 to {MOST_ROWS}.", f"limit 应为 1 至 {MOST_ROWS}。", field="limit")
    return limit


def _concerns(actor: Actor) -> ColumnElement[Any]:
    """Over ZoneRevision: not the one of a subject or an office out of the actor's reach, for it would tell of them."""
    r = ZoneRevision
    if actor.role in (Role.BUREAU, Role.ADMINISTRATOR):
        return col(r.id).is_not(None)
    if actor.role not in (Role.OFFICER, Role.OFFICE_HEAD):
        return false()
    own = select(Subject.id).where(within_reach(actor, Subject))
    return or_(
        col(r.scope).in_([Scope.EVERYONE.value, Scope.LEVEL.value]),
        col(r.office_id) == actor.office_id,
        col(r.subject_id).in_(own),
    )
