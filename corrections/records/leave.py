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
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from corrections.domain.casework import ApprovalRank, LeaveKind, LeaveReason, LeaveReportKind, RequestState
from corrections.domain.leave import asked_ahead
from corrections.domain.legal import moment_of, months_later
from corrections.domain.model import Role, SubjectStatus
from corrections.errors import Conflict, Forbidden, Invalid, NotFound
from corrections.records import leave_telling as telling
from corrections.records.audit import record_by
from corrections.records.leave_terms import chain, checked, count, ends_at, extension_of, terms_of, to_extend, zone_of
from corrections.records.outlines import Outline
from corrections.records.permits import grant_leave
from corrections.records.register import subject_in_reach
from corrections.records.revision import ask_revision
from corrections.records.validity import areas, one_area
from corrections.records.zones import parse_windows
from corrections.settings import Settings
from corrections.settings.leave import LeaveTerms
from corrections.store.access import Action, Actor, Own, within_reach
from corrections.store.tables import LeavePermit, LeaveReport, LeaveRequest, Subject

LONGEST = timedelta(days=366)  # what is longer was mistyped
By = Actor | Own | None
"""Who acts: an officer, the subject herself, or (None) the operator at the machine."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for. ``outline`` is the area and the route of it, None: anywhere; ``windows`` are those of regular activity.
    ``urgent``: it could not be asked for earlier, for the reason that ``details`` gives."""

    kind: LeaveKind
    reason: LeaveReason
    destination: str
    leaves_at: datetime
    returns_at: datetime
    details: str = ""
    conditions: str = ""
    urgent: bool = False
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
    _require_supervised(subject)
    terms, zone = terms_of(session, subject, settings, now), zone_of(session, subject.bureau_id)
    base = to_extend(session, subject_id, extends, now) if extends is not None else None
    _check(wanted, base, terms, zone, now)
    calendar = settings.calendar.at(zone)
    day = calendar.days_after(calendar.local_day(now), terms.decide_days)
    due_at = calendar.before(moment_of(day + timedelta(days=1), time(), zone), timedelta())  # the end of that day's work
    late = not wanted.urgent and not asked_ahead(now, wanted.leaves_at, terms.ahead_days, zone)
    request = LeaveRequest(
        bureau_id=subject.bureau_id, office_id=subject.office_id, subject_id=subject_id, kind=wanted.kind.value,
        reason=wanted.reason.value, details=checked(wanted.details, "details", empty=True),
        destination=checked(wanted.destination, "destination"),
        outline=wanted.outline.wkb if wanted.outline else None, windows=parse_windows(wanted.windows), leaves_at=wanted.leaves_at,
        returns_at=wanted.returns_at, conditions=checked(wanted.conditions, "conditions", empty=True), days=0, total_days=0, rank="",
        state=RequestState.REQUESTED.value, requested_at=now, requested_by=by.officer_id if isinstance(by, Actor) else None,
        due_at=min(due_at, max(wanted.leaves_at, now)), late=late, extends_id=extends,
    )  # fmt: skip
    count(session, request, subject, terms, zone)
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
    she asked for herself. An extension is approved before the leave ends that it joins on to. Raises Invalid, Conflict (somebody was
    first; it is decided; the leave to extend is over), Forbidden, NotFound.
    """
    request, subject = _to_decide(session, actor, request_id)
    session.refresh(subject, with_for_update=True)  # of two leaves approved at once, the second counts the first
    _require_supervised(subject)
    base = to_extend(session, request.subject_id, request.extends_id, now) if request.extends_id is not None else None
    count(session, request, subject, terms_of(session, subject, settings, request.requested_at), zone_of(session, subject.bureau_id))
    _check_rank(actor, request, approved_by, procuratorate_told_at)
    if conditions is not None:
        request.conditions = checked(conditions, "conditions", empty=True)
    outline = Outline(one_area(areas(shapely.from_wkb(request.outline)))) if request.outline is not None else None
    permit = grant_leave(
        session, actor, request.subject_id, destination=request.destination, valid_from=request.leaves_at, valid_until=request.returns_at,
        outline=outline, windows=request.windows, approved_by=approved_by, now=now,
    )  # fmt: skip
    terms = terms_of(session, subject, settings, now)
    overdue_at = request.returns_at + timedelta(minutes=terms.overdue_minutes) if request.kind == LeaveKind.LEAVE else None
    _step(
        session, request, revision, state=RequestState.APPROVED.value, decided_by=actor.officer_id if actor else None, decided_at=now,
        decision_note=checked(note, "note", empty=True), approved_by=permit.approved_by, procuratorate_told_at=procuratorate_told_at,
        permit_id=permit.id, overdue_at=overdue_at, tell_at=None, days=request.days, total_days=request.total_days, rank=request.rank,
        conditions=request.conditions,
    )  # fmt: skip
    if base is not None:
        base.overdue_at = None
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
        decision_note=checked(reason, "reason"), tell_at=None,
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
    if extension_of(session, request) is not None:
        raise Conflict("The leave was extended: report on its extension.", "该外出已延长，请在延长申请上登记。")
    if at > now:
        raise Invalid("A report tells of what was: its time cannot lie ahead.", "报告时间不能晚于当前时间。", field="at")
    if kind is LeaveReportKind.RETURN:
        _sign_back_in(session, request, at, text, now)
    report = LeaveReport(
        request_id=request_id, kind=kind.value, at=at, recorded_at=now, text=checked(text, "text", empty=True),
        recorded_by=by.officer_id if isinstance(by, Actor) else None,
    )  # fmt: skip
    session.add(report)
    session.flush()
    record_by(session, by, "leave.report", subject_id=request.subject_id, detail={"request": request_id, "kind": kind, "at": at}, now=now)
    return report


def _sign_back_in(session: Session, request: LeaveRequest, at: datetime, text: str, now: datetime) -> None:
    """End the permits of the leave, and of those that it extends, at her return; what lay ahead of them is not taken."""
    parts = chain(session, request)
    if at < parts[-1].leaves_at:
        raise Invalid("She cannot be back before she left.", "返回时间不能早于外出时间。", field="at")
    if at > ends_at(session, request) and not text.strip():
        raise Invalid("She is back late: record the reason she gives.", "逾期返回，请填写其说明的原因。", field="text")
    _step(session, request, request.revision, RequestState.APPROVED, returned_at=at, overdue_at=None)
    for part in parts:
        part.returned_at = at
        permit = session.get_one(LeavePermit, part.permit_id)
        if permit.revoked_at is None and at < permit.valid_until:
            permit.revoked_at = max(at, permit.valid_from)
            ask_revision(session, [request.subject_id], min(permit.revoked_at, now))
    telling.end(session, request, now)


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
    kind: LeaveKind | None = None,
    away_at: datetime | None = None,
    before: int | None = None,
    limit: int = 100,
) -> Sequence[LeaveRequest]:
    """Requests within an officer's reach, or the subject's own, the newest first. ``away_at``: only approved leave that has begun by then
    and from which she is not signed back in. ``before`` is the id of the last of the page before. Raises Forbidden."""
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
    if kind is not None:
        statement = statement.where(r.kind == kind.value)
    if away_at is not None:
        statement = statement.where(*_away(away_at))
    if before is not None:
        statement = statement.where(col(r.id) < before)
    return session.exec(statement.order_by(col(r.id).desc()).limit(limit)).all()


def _away(at: datetime) -> list[Any]:
    """Approved leave that has begun and from which she is not signed back in; one that was extended, until the extension begins."""
    r, longer = LeaveRequest, aliased(LeaveRequest)
    approved = r.state == RequestState.APPROVED.value, r.kind == LeaveKind.LEAVE.value
    extended = select(longer.id).where(longer.extends_id == r.id, longer.state == RequestState.APPROVED.value).exists()
    return [*approved, r.leaves_at <= at, col(r.returned_at).is_(None), (col(r.returns_at) > at) | ~extended]


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


def _require_supervised(subject: Subject) -> None:
    if subject.status != SubjectStatus.ACTIVE:
        raise Conflict("The subject is not under supervision.", "该对象当前不在矫正状态，不能申请或批准外出。", field="subject_id")


def _check(wanted: Wanted, base: LeaveRequest | None, terms: LeaveTerms, zone: ZoneInfo, now: datetime) -> None:
    if wanted.returns_at <= wanted.leaves_at:
        raise Invalid("The leave must end after it begins.", "外出的截止时间必须晚于开始时间。", field="returns_at")
    if wanted.returns_at <= now:
        raise Invalid("A leave that is over cannot be asked for.", "不能申请已经结束的外出。", field="returns_at")
    if wanted.returns_at - wanted.leaves_at > LONGEST:
        raise Invalid(f"A leave has at most {LONGEST.days} days.", f"外出不超过 {LONGEST.days} 天。", field="returns_at")
    if wanted.urgent and not wanted.details.strip():
        raise Invalid("Say why it could not be asked for earlier.", "紧急申请请说明原因。", field="details")
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
    if base is not None and wanted.kind is not LeaveKind.LEAVE:
        raise Invalid("A leave is extended by leave.", "外出只能以外出申请延长。", field="kind")
    if base is not None and wanted.leaves_at != base.returns_at:
        raise Invalid("An extension begins when the leave ends.", "延长须自原外出截止时间起算。", field="leaves_at")


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
