"""外出申请: a subject's requests for leave and for regular cross-area activity, decided at the level that their length calls for, and
followed until she is back.

A request is made by an officer or by the subject herself; an approval makes the permit in the same transaction, so that from then on,
and for late reports too, what it covers is no violation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import shapely
from sqlalchemy import update
from sqlmodel import Session, col, select

from corrections.domain.casework import ApprovalRank, LeaveKind, LeaveReason, LeaveReportKind, RequestState
from corrections.domain.leave import Stretch, days_of, rank_of, total_days
from corrections.domain.legal import moment_of, months_later
from corrections.domain.model import Role, SubjectStatus
from corrections.errors import Conflict, Forbidden, Invalid, NotFound
from corrections.records import leave_telling as telling
from corrections.records.audit import record_by
from corrections.records.outlines import Outline
from corrections.records.permits import grant_leave
from corrections.records.register import subject_in_reach
from corrections.records.revision import ask_revision
from corrections.records.validity import areas, one_area
from corrections.records.zones import parse_windows
from corrections.settings import Settings
from corrections.settings.leave import LeaveTerms
from corrections.settings.section import in_force
from corrections.store.access import Action, Actor, Own, within_reach
from corrections.store.tables import Bureau, LeavePermit, LeaveReport, LeaveRequest, Office, Subject

LONGEST_TEXT = 2000
By = Actor | Own | None
"""Who acts: an officer, the subject herself, or (None) the operator at the machine."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for. ``outline`` is the area and the route of it, None: anywhere; ``windows`` are those of regular activity."""

    kind: LeaveKind
    reason: LeaveReason
    destination: str
    leaves_at: datetime
    returns_at: datetime
    details: str = ""
    conditions: str = ""
    outline: Outline | None = None
    windows: Sequence[Mapping[str, Any]] = ()


# ---- asking


def request_leave(
    session: Session, by: By, subject_id: int, wanted: Wanted, *, extends: int | None = None, settings: Settings, now: datetime
) -> LeaveRequest:
    """Ask for leave, or for the extension of an approved one, which it then joins on to.

    1. Check what is asked. 2. Count its days, and those with the leave before. 3. Find who decides, and by when. 4. Tell those who do.
    Raises Invalid, Conflict (the leave to extend is over; the subject is not under supervision), Forbidden, NotFound.
    """
    subject = _subject(session, by, subject_id)
    if subject.status != SubjectStatus.ACTIVE:
        raise Conflict("The subject is not under supervision.", "该对象当前不在矫正状态，不能申请外出。", field="subject_id")
    terms, zone = _terms(session, subject, settings, now), _zone(session, subject.bureau_id)
    base = _base(session, subject_id, extends, wanted, now) if extends is not None else None
    _check(wanted, base, terms, zone, now)
    calendar = settings.calendar.at(zone)
    day = calendar.days_after(calendar.local_day(now), terms.decide_days)
    due_at = calendar.before(moment_of(day + timedelta(days=1), time(), zone), timedelta())  # the end of that day's work
    request = LeaveRequest(
        bureau_id=subject.bureau_id, office_id=subject.office_id, subject_id=subject_id, kind=wanted.kind.value,
        reason=wanted.reason.value, details=_text(wanted.details, "details", empty=True),
        destination=_text(wanted.destination, "destination"),
        outline=wanted.outline.wkb if wanted.outline else None, windows=parse_windows(wanted.windows), leaves_at=wanted.leaves_at,
        returns_at=wanted.returns_at, conditions=_text(wanted.conditions, "conditions", empty=True), days=0, total_days=0, rank="",
        state=RequestState.REQUESTED.value, requested_at=now, requested_by=by.officer_id if isinstance(by, Actor) else None,
        due_at=min(due_at, max(wanted.leaves_at, now)), late=wanted.leaves_at < now + timedelta(days=terms.ahead_days), extends_id=extends,
    )  # fmt: skip
    _count(session, request, subject, terms, zone)
    request.tell_at = request.due_at
    session.add(request)
    session.flush()
    telling.of_request(session, request, subject, now)
    detail = {"request": request.id, "kind": request.kind, "from": request.leaves_at, "until": request.returns_at, "rank": request.rank}
    record_by(session, by, "leave.request", subject_id=subject_id, detail=detail, now=now)
    return request


def withdraw_leave(session: Session, by: By, request_id: int, *, now: datetime) -> LeaveRequest:
    """Take back a request that is not decided. Raises Conflict, Forbidden, NotFound."""
    request = _to_act_on(session, by, request_id)
    _step(session, request, request.revision, state=RequestState.WITHDRAWN.value, tell_at=None)
    telling.end(session, request, now)
    record_by(session, by, "leave.withdraw", subject_id=request.subject_id, detail={"request": request_id}, now=now)
    return request


# ---- deciding


def approve_leave(
    session: Session,
    actor: Actor | None,
    request_id: int,
    *,
    revision: int,
    note: str = "",
    conditions: str | None = None,
    approved_by: str = "",
    procuratorate_told_at: datetime | None = None,
    settings: Settings,
    now: datetime,
) -> LeaveRequest:
    """Approve a request, which makes the permit. The days are counted anew, since other leave may have been approved meanwhile.

    The office head decides where the office may, the bureau where the county does. What the body above the county's must approve, the
    bureau records: ``approved_by`` names that body, ``procuratorate_told_at`` is when the procuratorate was told. Nobody approves what
    she asked for herself. Raises Invalid, Conflict (somebody was first; it is decided), Forbidden, NotFound.
    """
    request, subject = _to_decide(session, actor, request_id)
    _count(session, request, subject, _terms(session, subject, settings, request.requested_at), _zone(session, subject.bureau_id))
    _check_rank(actor, request, approved_by, procuratorate_told_at)
    if conditions is not None:
        request.conditions = _text(conditions, "conditions", empty=True)
    outline = Outline(one_area(areas(shapely.from_wkb(request.outline)))) if request.outline is not None else None
    permit = grant_leave(
        session, actor, request.subject_id, destination=request.destination, valid_from=request.leaves_at, valid_until=request.returns_at,
        outline=outline, windows=request.windows, approved_by=approved_by, now=now,
    )  # fmt: skip
    terms = _terms(session, subject, settings, now)
    overdue_at = request.returns_at + timedelta(minutes=terms.overdue_minutes) if request.kind == LeaveKind.LEAVE else None
    _step(
        session, request, revision, state=RequestState.APPROVED.value, decided_by=actor.officer_id if actor else None, decided_at=now,
        decision_note=_text(note, "note", empty=True), approved_by=permit.approved_by, procuratorate_told_at=procuratorate_told_at,
        permit_id=permit.id, overdue_at=overdue_at, tell_at=None, days=request.days, total_days=request.total_days, rank=request.rank,
        conditions=request.conditions,
    )  # fmt: skip
    if request.extends_id is not None:
        session.get_one(LeaveRequest, request.extends_id).overdue_at = None
    _decided(session, actor, request, subject, "leave.approve", now)
    return request


def refuse_leave(session: Session, actor: Actor | None, request_id: int, *, revision: int, reason: str, now: datetime) -> LeaveRequest:
    """Refuse a request, with the reason, which is hers to know: for a proper reason it must be approved (社区矫正法 Art 27).

    Raises Invalid (no reason), Conflict, Forbidden, NotFound.
    """
    request, subject = _to_decide(session, actor, request_id)
    if actor is not None and actor.role is Role.OFFICE_HEAD and request.rank != ApprovalRank.OFFICE:
        raise _above_the_office()
    _step(
        session, request, revision, state=RequestState.REFUSED.value, decided_by=actor.officer_id if actor else None, decided_at=now,
        decision_note=_text(reason, "reason"), tell_at=None,
    )  # fmt: skip
    _decided(session, actor, request, subject, "leave.refuse", now)
    return request


# ---- being away and back


def report_leave(
    session: Session, by: By, request_id: int, kind: LeaveReportKind, *, at: datetime, text: str = "", now: datetime
) -> LeaveReport:
    """Note what a subject on leave reports. Her return (销假) ends the permit and what is overdue about it; after the end of the leave it
    needs its reason.

    Raises Invalid, Conflict (not approved; back already), Forbidden, NotFound.
    """
    request = _to_act_on(session, by, request_id)
    kind = LeaveReportKind(kind)
    if request.state != RequestState.APPROVED or request.kind != LeaveKind.LEAVE:
        raise Conflict("Only an approved leave is reported on.", "只有已批准的外出可以登记报告。")
    if request.returned_at is not None:
        raise Conflict("Her return is on record already.", "该外出已销假。")
    if _extension(session, request) is not None:
        raise Conflict("The leave was extended: report on its extension.", "该外出已延长，请在延长申请上登记。")
    if at > now:
        raise Invalid("A report tells of what was: its time cannot lie ahead.", "报告时间不能晚于当前时间。", field="at")
    if kind is LeaveReportKind.RETURN:
        _sign_back_in(session, request, at, text, now)
    report = LeaveReport(
        request_id=request_id, kind=kind.value, at=at, recorded_at=now, text=_text(text, "text", empty=True),
        recorded_by=by.officer_id if isinstance(by, Actor) else None,
    )  # fmt: skip
    session.add(report)
    session.flush()
    record_by(session, by, "leave.report", subject_id=request.subject_id, detail={"request": request_id, "kind": kind, "at": at}, now=now)
    return report


def _sign_back_in(session: Session, request: LeaveRequest, at: datetime, text: str, now: datetime) -> None:
    if at < request.leaves_at:
        raise Invalid("She cannot be back before she left.", "返回时间不能早于外出时间。", field="at")
    if at > request.returns_at and not text.strip():
        raise Invalid("She is back late: record the reason she gives.", "逾期返回，请填写其说明的原因。", field="text")
    _step(session, request, request.revision, RequestState.APPROVED, returned_at=at, overdue_at=None)
    permit = session.get_one(LeavePermit, request.permit_id)
    if permit.revoked_at is None and at < permit.valid_until:
        permit.revoked_at = max(at, permit.valid_from)
        session.flush()
        ask_revision(session, [request.subject_id], min(permit.revoked_at, now))
    telling.end(session, request, now)


# ---- what is due


def undecided_due(session: Session, settings: Settings, now: datetime) -> int:
    """Tell the next higher level of requests that were not decided in time; returns how many."""
    r = LeaveRequest
    found = session.exec(select(r).where(col(r.tell_at) <= now).order_by(col(r.id)).with_for_update(skip_locked=True)).all()
    for request in found:
        telling.of_undecided(session, request, request.due_at)
        request.tell_at = None
    return len(found)


def overdue_due(session: Session, settings: Settings, now: datetime) -> int:
    """Tell the officer of those who were to be back and are not signed back in, and hours later the office head; returns how many were
    told."""
    r, told = LeaveRequest, 0
    due = select(r).where(col(r.overdue_at) <= now, r.state == RequestState.APPROVED.value, col(r.returned_at).is_(None))
    for request in session.exec(due.order_by(col(r.id)).with_for_update(skip_locked=True)).all():
        subject = session.get_one(Subject, request.subject_id)
        terms = _terms(session, subject, settings, request.returns_at)
        first = request.returns_at + timedelta(minutes=terms.overdue_minutes)
        head_at = first + timedelta(hours=terms.head_hours)
        if request.overdue_at is not None and request.overdue_at < head_at:
            telling.of_overdue(session, request, subject, Role.OFFICER, first)
            request.overdue_at, told = head_at, told + 1
        if request.overdue_at is not None and request.overdue_at <= now:
            telling.of_overdue(session, request, subject, Role.OFFICE_HEAD, head_at)
            request.overdue_at, told = None, told + 1
    return told


# ---- reading


def request_for(session: Session, by: By, request_id: int) -> LeaveRequest:
    """The request, for an officer within whose reach it lies or for the subject herself. Raises Forbidden, NotFound."""
    request = session.get(LeaveRequest, request_id)
    if isinstance(by, Actor):
        by.require(Action.READ_REGISTER)
    hers = request is not None and (
        by is None or (request.subject_id == by.subject_id if isinstance(by, Own) else by.reaches(request.office_id, request.bureau_id))
    )
    if request is None or not hers:
        raise NotFound(f"There is no leave request {request_id} within your reach.", f"您的管理范围内没有编号 {request_id} 的外出申请。")
    return request


def list_requests(
    session: Session,
    by: Actor | Own,
    *,
    subject_id: int | None = None,
    state: RequestState | None = None,
    before: int | None = None,
    limit: int = 100,
) -> Sequence[LeaveRequest]:
    """Requests within an officer's reach, or the subject's own, the newest first. ``before`` is the id of the last of the page before.
    Raises Forbidden."""
    r = LeaveRequest
    if isinstance(by, Own):
        statement = select(r).where(r.subject_id == by.subject_id)
    else:
        by.require(Action.READ_REGISTER)
        statement = select(r).where(within_reach(by, r))
    if subject_id is not None:
        statement = statement.where(r.subject_id == subject_id)
    if state is not None:
        statement = statement.where(r.state == state.value)
    if before is not None:
        statement = statement.where(col(r.id) < before)
    return session.exec(statement.order_by(col(r.id).desc()).limit(limit)).all()


def reports_of(session: Session, request_id: int) -> Sequence[LeaveReport]:
    """What was reported on a leave, in order of time."""
    return session.exec(select(LeaveReport).where(LeaveReport.request_id == request_id).order_by(col(LeaveReport.at))).all()


# ---- checks


def _subject(session: Session, by: By, subject_id: int) -> Subject:
    if isinstance(by, Own):
        if by.subject_id != subject_id:
            raise NotFound("You can ask for yourself alone.", "只能为本人申请。")
        return session.get_one(Subject, subject_id)
    return subject_in_reach(session, by, subject_id, Action.READ_REGISTER if by is None else Action.REVIEW)


def _check(wanted: Wanted, base: LeaveRequest | None, terms: LeaveTerms, zone: ZoneInfo, now: datetime) -> None:
    if wanted.returns_at <= wanted.leaves_at:
        raise Invalid("The leave must end after it begins.", "外出的截止时间必须晚于开始时间。", field="returns_at")
    if wanted.returns_at <= now:
        raise Invalid("A leave that is over cannot be asked for.", "不能申请已经结束的外出。", field="returns_at")
    if wanted.kind is LeaveKind.LEAVE and wanted.windows:
        raise Invalid("Weekdays and hours are for regular activity.", "只有经常性跨市、县活动填写活动时段。", field="windows")
    if wanted.kind is LeaveKind.REGULAR:
        if not wanted.windows or wanted.outline is None:
            raise Invalid("Regular activity says where, on which weekdays and when.", "经常性活动须填写区域和活动时段。", field="windows")
        if wanted.returns_at > months_later(wanted.leaves_at, terms.regular_months, zone):
            raise Invalid(
                f"Regular activity is permitted for at most {terms.regular_months} months; ask anew then.",
                f"经常性活动的批准期限不超过 {terms.regular_months} 个月，期满请重新申请。",
                field="returns_at",
            )
    if base is not None and wanted.leaves_at != base.returns_at:
        raise Invalid("An extension begins when the leave ends.", "延长须自原外出截止时间起算。", field="leaves_at")


def _base(session: Session, subject_id: int, extends: int, wanted: Wanted, now: datetime) -> LeaveRequest:
    """The leave to extend, if it can be."""
    base = session.get(LeaveRequest, extends)
    if base is None or base.subject_id != subject_id:
        raise NotFound(f"The subject has no leave request {extends}.", f"该对象没有编号 {extends} 的外出申请。", field="extends")
    running = base.state == RequestState.APPROVED and base.returned_at is None and base.returns_at > now
    if not running or base.kind != LeaveKind.LEAVE or wanted.kind is not LeaveKind.LEAVE:
        raise Conflict("Only an approved leave that is not over is extended.", "只有已批准且未结束的外出可以延长。", field="extends")
    if _extension(session, base) is not None:
        raise Conflict("It was extended already: extend the extension.", "该外出已延长，请在延长申请上继续延长。", field="extends")
    return base


def _extension(session: Session, request: LeaveRequest) -> LeaveRequest | None:
    r = LeaveRequest
    return session.exec(select(r).where(r.extends_id == request.id, r.state == RequestState.APPROVED.value)).first()


def _to_act_on(session: Session, by: By, request_id: int) -> LeaveRequest:
    if isinstance(by, Actor):
        by.require(Action.REVIEW)
    return request_for(session, by, request_id)


def _to_decide(session: Session, actor: Actor | None, request_id: int) -> tuple[LeaveRequest, Subject]:
    request = request_for(session, actor, request_id)
    subject = subject_in_reach(session, actor, request.subject_id, Action.APPROVE_LEAVE)
    if actor is not None and request.requested_by == actor.officer_id:
        raise Forbidden("Somebody else decides about what you asked for.", "不能审批自己提出的申请。")
    return request, subject


def _check_rank(actor: Actor | None, request: LeaveRequest, approved_by: str, told_at: datetime | None) -> None:
    if actor is not None and actor.role is Role.OFFICE_HEAD and request.rank != ApprovalRank.OFFICE:
        raise _above_the_office()
    if actor is None and not approved_by.strip():
        raise Invalid("Say who approved it.", "请填写批准人。", field="approved_by")
    if request.rank == ApprovalRank.SUPERIOR and not approved_by.strip():
        raise Invalid(
            "So long a leave is approved by the body above the county's: name it.", "该外出须由上一级社区矫正机构批准，请填写批准机关。",
            field="approved_by",
        )  # fmt: skip
    if request.rank == ApprovalRank.SUPERIOR and told_at is None:
        raise Invalid("Say when the procuratorate was told.", "请填写通报人民检察院的时间。", field="procuratorate_told_at")


def _above_the_office() -> Forbidden:
    return Forbidden("A leave of this length is decided by the county bureau.", "该外出须由县级社区矫正机构审批，请报区司法局。")


def _count(session: Session, request: LeaveRequest, subject: Subject, terms: LeaveTerms, zone: ZoneInfo) -> None:
    """How many days it takes, the leave that it extends included, how many with the leave before, and who decides about that."""
    office = session.get_one(Office, subject.office_id).code
    if request.kind == LeaveKind.REGULAR:
        request.days = request.total_days = 0
        request.rank = ApprovalRank.COUNTY.value
        return
    start = request.leaves_at
    base = session.get(LeaveRequest, request.extends_id) if request.extends_id is not None else None
    while base is not None:
        start, base = base.leaves_at, session.get(LeaveRequest, base.extends_id) if base.extends_id is not None else None
    whole = (start, request.returns_at)
    request.days = len(days_of(whole, zone))
    request.total_days = total_days(whole, _permitted(session, subject), terms.total_months, zone)
    request.rank = rank_of(request.days, request.total_days, terms.ranks(office)).value


def _permitted(session: Session, subject: Subject) -> list[Stretch]:
    """The leave that a subject had or has been permitted; regular activity is none."""
    permits = session.exec(select(LeavePermit).where(LeavePermit.subject_id == subject.id)).all()
    stretches = [
        (p.valid_from, p.valid_until if p.revoked_at is None else min(p.revoked_at, p.valid_until)) for p in permits if not p.windows
    ]
    return [(start, end) for start, end in stretches if start < end]


def _decided(session: Session, actor: Actor | None, request: LeaveRequest, subject: Subject, action: str, now: datetime) -> None:
    telling.end(session, request, now)
    telling.of_decision(session, request, subject, now)
    detail = {"request": request.id, "rank": request.rank, "days": request.days, "total_days": request.total_days}
    record_by(session, actor, action, subject_id=request.subject_id, detail=detail, now=now)


def _step(
    session: Session, request: LeaveRequest, revision: int, state_before: RequestState = RequestState.REQUESTED, **values: Any
) -> None:
    """Change the request as it was seen; raise Conflict where it is no longer the same."""
    r = LeaveRequest
    session.flush()
    guarded = update(r).where(col(r.id) == request.id, col(r.revision) == revision, col(r.state) == state_before.value)
    done = session.execute(guarded.values(revision=revision + 1, **values), execution_options={"synchronize_session": False})
    session.refresh(request)
    if done.rowcount == 0:  # type: ignore[attr-defined]
        raise Conflict(
            f"The request is {request.state} now, revision {request.revision}: look at it again before you go on.",
            f"该申请当前状态为“{telling.STATES_ZH[RequestState(request.state)]}”，第 {request.revision} 版，请刷新后再操作。",
            field="revision",
        )


def _terms(session: Session, subject: Subject, settings: Settings, at: datetime) -> LeaveTerms:
    return in_force(settings.leave.terms, at.astimezone(_zone(session, subject.bureau_id)).date())


def _zone(session: Session, bureau_id: int) -> ZoneInfo:
    return ZoneInfo(session.get_one(Bureau, bureau_id).timezone)


def _text(value: str, name: str, *, empty: bool = False) -> str:
    value = value.strip()
    if (not value and not empty) or len(value) > LONGEST_TEXT or "\x00" in value:
        raise Invalid(f"{name} has 1 to {LONGEST_TEXT} characters.", f"内容应为 1 至 {LONGEST_TEXT} 个字符。", field=name)
    return value
