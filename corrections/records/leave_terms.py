"""What a request for leave is measured by: the terms in force, the leave it extends, its days, and who decides about so many."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from corrections.domain.casework import ApprovalRank, LeaveKind, RequestState
from corrections.domain.leave import Stretch, days_of, rank_of, total_days
from corrections.errors import Conflict, Invalid, NotFound
from corrections.settings import Settings
from corrections.settings.leave import LeaveTerms
from corrections.settings.section import in_force
from corrections.store.tables import Bureau, LeavePermit, LeaveRequest, Office, Subject

LONGEST_TEXT = 2000


def terms_of(session: Session, subject: Subject, settings: Settings, at: datetime) -> LeaveTerms:
    """The terms in force on the local day of a moment."""
    return in_force(settings.leave.terms, at.astimezone(zone_of(session, subject.bureau_id)).date())


def zone_of(session: Session, bureau_id: int) -> ZoneInfo:
    """The bureau's time zone."""
    return ZoneInfo(session.get_one(Bureau, bureau_id).timezone)


def count(session: Session, request: LeaveRequest, subject: Subject, terms: LeaveTerms, zone: ZoneInfo) -> None:
    """Write into the request how many days it takes, the leave that it extends included, how many with the other leave within two months,
    and who decides about that. Regular activity, by its hours, takes no days: the county decides."""
    if request.kind == LeaveKind.REGULAR:
        request.days = request.total_days = 0
        request.rank = ApprovalRank.COUNTY.value
        return
    whole = (chain(session, request)[-1].leaves_at, request.returns_at)
    request.days = len(days_of(whole, zone))
    request.total_days = total_days(whole, _permitted(session, subject), terms.total_months, zone)
    office = session.get_one(Office, subject.office_id).code
    request.rank = rank_of(request.days, request.total_days, terms.ranks(office)).value


def chain(session: Session, request: LeaveRequest) -> list[LeaveRequest]:
    """The request, the one it extends, and so on back to the first."""
    found = [request]
    while found[-1].extends_id is not None:
        found.append(session.get_one(LeaveRequest, found[-1].extends_id))
    return found


def extension_of(session: Session, request: LeaveRequest) -> LeaveRequest | None:
    """The approved request that extends this one."""
    r = LeaveRequest
    return session.exec(select(r).where(r.extends_id == request.id, r.state == RequestState.APPROVED.value)).first()


def to_extend(session: Session, subject_id: int, extends: int, now: datetime) -> LeaveRequest:
    """The leave to extend, if it can be: approved, not over, and not extended yet. Raises Conflict, NotFound."""
    base = session.get(LeaveRequest, extends)
    if base is None or base.subject_id != subject_id:
        raise NotFound(f"The subject has no leave request {extends}.", f"该对象没有编号 {extends} 的外出申请。", field="extends")
    running = base.state == RequestState.APPROVED and base.returned_at is None and ends_at(session, base) == base.returns_at > now
    if not running or base.kind != LeaveKind.LEAVE:
        raise Conflict("Only an approved leave that is not over is extended.", "只有已批准且未结束的外出可以延长。", field="extends")
    if extension_of(session, base) is not None:
        raise Conflict("It was extended already: extend the extension.", "该外出已延长，请在延长申请上继续延长。", field="extends")
    return base


def ends_at(session: Session, request: LeaveRequest) -> datetime:
    """When she is to be back: at the end asked for, or when the permit was revoked before."""
    permit = session.get(LeavePermit, request.permit_id) if request.permit_id is not None else None
    return request.returns_at if permit is None or permit.revoked_at is None else min(permit.revoked_at, request.returns_at)


def checked(value: str, name: str, *, empty: bool = False) -> str:
    """A text that somebody wrote, trimmed. Raises Invalid."""
    value = value.strip()
    if (not value and not empty) or len(value) > LONGEST_TEXT or "\x00" in value:
        raise Invalid(f"{name} has 1 to {LONGEST_TEXT} characters.", f"内容应为 1 至 {LONGEST_TEXT} 个字符。", field=name)
    return value


def _permitted(session: Session, subject: Subject) -> list[Stretch]:
    """The leave that a subject had or has been permitted, by a request or on paper; regular activity is none."""
    permits = session.exec(select(LeavePermit).where(col(LeavePermit.subject_id) == subject.id)).all()
    stretches = [
        (p.valid_from, p.valid_until if p.revoked_at is None else min(p.revoked_at, p.valid_until)) for p in permits if not p.windows
    ]
    return [(start, end) for start, end in stretches if start < end]
