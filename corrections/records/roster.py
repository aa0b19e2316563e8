"""Recording absences of staff and the duty roster (值班表); who is there at a moment, ``review.roster`` tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from corrections.domain.model import Role
from corrections.errors import Conflict, Forbidden, Invalid, NotFound
from corrections.records.audit import record_by
from corrections.records.register import office_for
from corrections.store.access import Action, Actor
from corrections.store.tables import Absence, Duty, Office, Officer

LONGEST_DUTY = timedelta(days=31)
_HEADS_OWN = ("A head plans the duty for her own office; the bureau for all.", "司法所所长只能安排本所值班，全局值班由司法局安排。")


def record_absence(
    session: Session,
    actor: Actor | None,
    officer_id: int,
    *,
    starts_at: datetime,
    ends_at: datetime,
    deputy_id: int | None = None,
    reason: str = "",
    now: datetime,
) -> Absence:
    """An officer will be, is or was away in ``[starts_at, ends_at)``: meanwhile new work goes to the deputy, as does what waits in her
    queue and falls due before she is back. By herself, her head, the bureau or the administrator. Raises Invalid, Forbidden, NotFound."""
    officer = _officer_of(session, actor, officer_id)
    if ends_at <= starts_at:
        raise Invalid("An absence ends after it begins.", "缺勤的结束时间必须晚于开始时间。", field="ends_at")
    if deputy_id is not None:
        check_deputy(session, officer, deputy_id)
    absence = Absence(
        officer_id=officer_id, starts_at=starts_at, ends_at=ends_at, deputy_id=deputy_id, reason=reason.strip(),
        recorded_by=actor.officer_id if actor else None, recorded_at=now,
    )  # fmt: skip
    session.add(absence)
    session.flush()
    detail = {"absence": absence.id, "officer": officer.login, "from": starts_at, "until": ends_at, "deputy": deputy_id}
    record_by(session, actor, "absence.record", detail=detail, now=now)
    return absence


def end_absence(session: Session, actor: Actor | None, absence_id: int, *, now: datetime) -> Absence:
    """She is back already, or does not go. Raises Conflict (it is over), Forbidden, NotFound."""
    absence = session.get(Absence, absence_id)
    if absence is None:
        raise NotFound(f"There is no absence {absence_id} in your bureau.", f"本局没有编号 {absence_id} 的缺勤记录。")
    _officer_of(session, actor, absence.officer_id)
    if absence.revoked_at is not None or absence.ends_at <= now:
        raise Conflict("The absence is over already.", "该缺勤已结束。")
    absence.revoked_at = now
    record_by(session, actor, "absence.end", detail={"absence": absence_id}, now=now)
    return absence


def list_absences(session: Session, actor: Actor, *, from_: datetime, until: datetime) -> Sequence[Absence]:
    """Absences of the bureau's staff that touch a span of time, by their beginning. Raises Forbidden."""
    actor.require(Action.READ_REGISTER)
    return absences_between(session, actor.bureau_id, from_=from_, until=until)


def absences_between(session: Session, bureau_id: int, *, from_: datetime, until: datetime) -> Sequence[Absence]:
    """The same for the operator."""
    a = Absence
    statement = select(a).join(Officer, col(Officer.id) == col(a.officer_id)).join(Office, col(Office.id) == col(Officer.office_id))
    statement = statement.where(Office.bureau_id == bureau_id, a.starts_at < until, a.ends_at > from_, col(a.revoked_at).is_(None))
    return session.exec(statement.order_by(col(a.starts_at), col(a.id))).all()


def plan_duty(
    session: Session,
    actor: Actor | None,
    officer_id: int,
    *,
    office_id: int | None = None,
    starts_at: datetime,
    ends_at: datetime,
    now: datetime,
) -> Duty:
    """Put an officer on call in ``[starts_at, ends_at)``, for one office or, without one, for all of the bureau's, whose people she may
    see and act for meanwhile. By a head for her office, by the bureau for all. Raises Invalid, Forbidden, NotFound."""
    officer = _officer_of(session, actor, officer_id, herself=False)
    bureau_id = session.get_one(Office, officer.office_id).bureau_id
    if actor is not None:
        actor.require(Action.WRITE_ROSTER)
        if actor.role is Role.OFFICE_HEAD and office_id != actor.office_id:
            raise Forbidden(*_HEADS_OWN)
    if office_id is not None and office_for(session, None, office_id, Action.WRITE_ROSTER).bureau_id != bureau_id:
        raise Invalid("The office belongs to another bureau.", "该司法所属于其他司法局。", field="office_id")
    if officer.role not in (Role.OFFICER, Role.OFFICE_HEAD, Role.BUREAU):
        raise Invalid("Only staff who review are on duty.", "只有具有核查权限的人员可以值班。", field="officer_id")
    if not starts_at < ends_at <= starts_at + LONGEST_DUTY:
        raise Invalid("A duty ends after it begins, within 31 days.", "值班的结束时间必须晚于开始时间，且不超过 31 天。", field="ends_at")
    duty = Duty(
        bureau_id=bureau_id, office_id=office_id, officer_id=officer_id, starts_at=starts_at, ends_at=ends_at,
        recorded_by=actor.officer_id if actor else None, recorded_at=now,
    )  # fmt: skip
    session.add(duty)
    session.flush()
    detail = {"duty": duty.id, "officer": officer.login, "office": office_id, "from": starts_at, "until": ends_at}
    record_by(session, actor, "duty.plan", detail=detail, now=now)
    return duty


def cancel_duty(session: Session, actor: Actor | None, duty_id: int, *, now: datetime) -> Duty:
    """End a duty now, or before it begins. Raises Conflict (it is over), Forbidden, NotFound."""
    duty = session.get(Duty, duty_id)
    if duty is None or (actor is not None and duty.bureau_id != actor.bureau_id):
        raise NotFound(f"There is no duty {duty_id} in your bureau.", f"本局没有编号 {duty_id} 的值班。")
    if actor is not None:
        actor.require(Action.WRITE_ROSTER)
        if actor.role is Role.OFFICE_HEAD and duty.office_id != actor.office_id:
            raise Forbidden(*_HEADS_OWN)
    if duty.revoked_at is not None or duty.ends_at <= now:
        raise Conflict("The duty is over already.", "该值班已结束。")
    duty.revoked_at = now
    record_by(session, actor, "duty.cancel", detail={"duty": duty_id}, now=now)
    return duty


def list_duties(session: Session, actor: Actor, *, from_: datetime, until: datetime) -> Sequence[Duty]:
    """The bureau's duties that touch a span of time, by their beginning. Raises Forbidden."""
    actor.require(Action.READ_REGISTER)
    return duties_between(session, actor.bureau_id, from_=from_, until=until)


def duties_between(session: Session, bureau_id: int, *, from_: datetime, until: datetime) -> Sequence[Duty]:
    """The same for the operator."""
    d = Duty
    statement = select(d).where(d.bureau_id == bureau_id, d.starts_at < until, d.ends_at > from_, col(d.revoked_at).is_(None))
    return session.exec(statement.order_by(col(d.starts_at), col(d.id))).all()


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Who is on duty for an office at a moment, and until when."""

    office_id: int
    office_name: str
    officer_id: int
    officer_name: str
    until: datetime


def on_duty_now(session: Session, actor: Actor, *, now: datetime) -> list[OnDuty]:
    """Who is on duty for each office of the actor's bureau, those for this very office before those for all. Raises Forbidden."""
    actor.require(Action.READ_REGISTER)
    offices = session.exec(select(Office).where(Office.bureau_id == actor.bureau_id).order_by(col(Office.id))).all()
    d = Duty
    statement = select(d, Officer.name).join(Officer, col(Officer.id) == col(d.officer_id)).where(d.bureau_id == actor.bureau_id)
    statement = statement.where(d.starts_at <= now, d.ends_at > now, col(d.revoked_at).is_(None) | (col(d.revoked_at) > now))
    duties = session.exec(statement.order_by(col(d.office_id).is_(None), col(d.id))).all()
    return [
        OnDuty(_office_id(office), office.name, duty.officer_id, name, duty.ends_at)
        for office in offices
        for duty, name in duties
        if duty.office_id in (None, office.id)
    ]


def check_deputy(session: Session, officer: Officer, deputy_id: int) -> None:
    """Raise Invalid unless this officer may stand in for the other."""
    deputy = session.get(Officer, deputy_id)
    if deputy is None or not deputy.active or deputy.id == officer.id or deputy.office_id != officer.office_id:
        raise Invalid(
            "The deputy must be another active officer of the same office.", "代理人应为同一司法所的其他在岗人员。", field="deputy_id"
        )


def _officer_of(session: Session, actor: Actor | None, officer_id: int, *, herself: bool = True) -> Officer:
    """The officer, if the actor may plan for her."""
    officer = session.get(Officer, officer_id)
    office = session.get_one(Office, officer.office_id) if officer else None
    if officer is None or office is None or (actor is not None and actor.bureau_id != office.bureau_id):
        raise NotFound(f"There is no officer {officer_id} in your bureau.", f"本局没有编号 {officer_id} 的工作人员。", field="officer_id")
    if actor is None or actor.role in (Role.BUREAU, Role.ADMINISTRATOR) or (herself and actor.officer_id == officer_id):
        return officer
    if actor.role is Role.OFFICE_HEAD and actor.office_id == officer.office_id:
        return officer
    raise Forbidden("This is planned by her head or the bureau.", "须由其所长或司法局安排。")


def _office_id(office: Office) -> int:
    assert office.id is not None
    return office.id
