"""What makes it lawful to locate a subject (authorities), and what makes it lawful for a subject to be away (leave).

No authority, no data: without one in force a subject's positions are refused and not stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from corrections.domain.legal import months_later
from corrections.domain.model import Category, Role
from corrections.errors import Conflict, Forbidden, Invalid, NotFound
from corrections.records import leave_telling
from corrections.records.audit import record_by
from corrections.records.outlines import Outline
from corrections.records.register import require_located, subject_in_reach
from corrections.records.revision import ask_revision
from corrections.records.zones import parse_windows
from corrections.settings import Rules
from corrections.store.access import Action, Actor
from corrections.store.tables import Authority, Bureau, LeavePermit, LeaveRequest, Subject

DEVICE_MONTHS = 3  # 社区矫正法 Art 29: at most three months, and at most three more at each extension


class Basis(StrEnum):
    """The legal basis of locating. An ``ARTICLE29`` is stored with its ground, as ``article29.2``."""

    ARTICLE26 = "article26"  # 信息化核查, by phone
    ARTICLE29 = "article29"  # 电子定位装置
    CONSENT = "consent"  # of those whom the law's four categories do not cover


class Ground(StrEnum):
    """The five situations of 社区矫正法 Art 29 (1) in which an electronic positioning device may be used."""

    PROHIBITION_BREACHED = "1"  # 违反人民法院禁止令
    LEFT_WITHOUT_APPROVAL = "2"  # 无正当理由，未经批准离开所居住的市、县
    REFUSES_TO_REPORT = "3"  # 拒不按照规定报告自己的活动情况，被给予警告
    PENALISED = "4"  # 违反监督管理规定，被给予治安管理处罚
    REVOCATION_PROPOSED = "5"  # 拟提请撤销缓刑、假释或者暂予监外执行收监执行


LAWFUL_CATEGORIES = frozenset({Category.CONTROL, Category.PROBATION, Category.PAROLE, Category.TEMPORARY})


def grant_authority(
    session: Session,
    actor: Actor | None,
    subject_id: int,
    *,
    basis: Basis,
    ground: Ground | None = None,
    valid_from: datetime,
    valid_until: datetime,
    approved_by: str,
    approved_on: datetime,
    rules: Rules,
    now: datetime,
) -> Authority:
    """Record the legal basis on which a subject may be located in ``[valid_from, valid_until)``. An extension is a new one.

    Article 29 needs one of its five grounds, ends within three calendar months, and is recorded by the bureau alone, whose head
    approves it. Raises Invalid, Conflict (a category never located), Forbidden, NotFound.
    """
    subject = subject_in_reach(session, actor, subject_id, Action.WRITE_REGISTER)
    require_located(subject, rules)
    basis = Basis(basis)
    _check_basis(session, actor, subject, basis, ground, valid_from, valid_until)
    if valid_until <= valid_from:
        raise Invalid("The authority must end after it begins.", "依据的截止时间必须晚于开始时间。", field="valid_until")
    if approved_on > valid_from:
        raise Invalid("An authority cannot begin before it was approved.", "依据不得早于批准时间生效。", field="valid_from")
    if not approved_by.strip():
        raise Invalid("Say who approved it.", "请填写批准人。", field="approved_by")
    authority = Authority(
        subject_id=subject_id,
        basis=f"{basis}.{Ground(ground)}" if ground else basis.value,
        valid_from=valid_from,
        valid_until=valid_until,
        approved_by=approved_by.strip(),
        approved_on=approved_on,
    )
    session.add(authority)
    session.flush()
    ask_revision(session, [subject_id], min(valid_from, now))
    detail = {"authority": authority.id, "basis": authority.basis, "from": valid_from, "until": valid_until, "approved_by": approved_by}
    record_by(session, actor, "authority.grant", subject_id=subject_id, detail=detail, now=now)
    return authority


def revoke_authority(session: Session, actor: Actor | None, authority_id: int, *, at: datetime, now: datetime) -> Authority:
    """End an authority at ``at``; what was located before stays lawful. Raises Invalid, Conflict (it has ended), Forbidden, NotFound."""
    authority = session.get(Authority, authority_id)
    if authority is None:
        raise NotFound(f"There is no authority {authority_id} in your offices.", f"您所在机构没有编号 {authority_id} 的定位依据。")
    subject_in_reach(session, actor, authority.subject_id, Action.WRITE_REGISTER)
    if authority.revoked_at is not None or authority.valid_until <= at:
        raise Conflict("The authority has already ended.", "该依据已终止。")
    authority.revoked_at = max(at, authority.valid_from)
    session.flush()
    ask_revision(session, [authority.subject_id], min(authority.revoked_at, now))
    detail = {"authority": authority_id, "at": authority.revoked_at}
    record_by(session, actor, "authority.revoke", subject_id=authority.subject_id, detail=detail, now=now)
    return authority


def authority_at(session: Session, subject_id: int, at: datetime) -> Authority | None:
    """The authority in force for a subject at a moment, if there is one."""
    a = Authority
    statement = select(a).where(a.subject_id == subject_id, col(a.valid_from) <= at, col(a.valid_until) > at)
    in_force = statement.where(col(a.revoked_at).is_(None) | (col(a.revoked_at) > at))
    return session.exec(in_force.order_by(col(a.valid_until).desc())).first()


def grant_leave(
    session: Session,
    actor: Actor | None,
    subject_id: int,
    *,
    destination: str,
    valid_from: datetime,
    valid_until: datetime,
    outline: Outline | None = None,
    windows: Sequence[Mapping[str, Any]] = (),
    approved_by: str = "",
    now: datetime,
) -> LeavePermit:
    """Approve a leave. Inside ``outline`` (anywhere, without one) and ``windows`` (all the time, without any) being outside a permitted
    area is then no violation; prohibited areas bind all the same. ``approved_by`` is the actor unless said otherwise.

    Raises Invalid, Forbidden, NotFound.
    """
    subject_in_reach(session, actor, subject_id, Action.APPROVE_LEAVE)
    approver = approved_by.strip() or (actor.name if actor else "")
    if not approver:
        raise Invalid("Say who approved it.", "请填写批准人。", field="approved_by")
    if not destination.strip():
        raise Invalid("Say where the leave goes.", "请填写外出目的地。", field="destination")
    if valid_until <= valid_from:
        raise Invalid("The leave must end after it begins.", "外出的截止时间必须晚于开始时间。", field="valid_until")
    permit = LeavePermit(
        subject_id=subject_id,
        destination=destination.strip(),
        outline=outline.wkb if outline else None,
        valid_from=valid_from,
        valid_until=valid_until,
        approved_by=approver,
        approved_at=now,
        windows=parse_windows(windows),
    )
    session.add(permit)
    session.flush()
    ask_revision(session, [subject_id], min(valid_from, now))
    detail = {"leave": permit.id, "from": valid_from, "until": valid_until, "destination": permit.destination}
    record_by(session, actor, "leave.grant", subject_id=subject_id, detail=detail, now=now)
    return permit


def revoke_leave(session: Session, actor: Actor | None, permit_id: int, *, at: datetime, now: datetime) -> LeavePermit:
    """End a leave at ``at`` (withdrawn, or signed back in early). A subject who asked for it is told, and is to be back by then.
    Raises Conflict (it has ended), Forbidden, NotFound."""
    permit = session.get(LeavePermit, permit_id)
    if permit is None:
        raise NotFound(f"There is no leave {permit_id} in your offices.", f"您所在机构没有编号 {permit_id} 的外出审批。")
    subject_in_reach(session, actor, permit.subject_id, Action.APPROVE_LEAVE)
    if permit.revoked_at is not None or permit.valid_until <= at:
        raise Conflict("The leave has already ended.", "该外出审批已结束。")
    permit.revoked_at = max(at, permit.valid_from)
    session.flush()
    _shorten(session, permit, permit.revoked_at, now)
    ask_revision(session, [permit.subject_id], min(permit.revoked_at, now))
    detail = {"leave": permit_id, "at": permit.revoked_at}
    record_by(session, actor, "leave.revoke", subject_id=permit.subject_id, detail=detail, now=now)
    return permit


def _shorten(session: Session, permit: LeavePermit, ends_at: datetime, now: datetime) -> None:
    """What was asked for ends with its permit; before it began, there is nothing to come back from."""
    request = session.exec(select(LeaveRequest).where(LeaveRequest.permit_id == permit.id)).first()
    if request is None or request.returned_at is not None:
        return
    if request.overdue_at is not None:
        request.overdue_at = ends_at if ends_at > request.leaves_at else None
    leave_telling.of_revocation(session, request, ends_at, now)


def _check_basis(
    session: Session, actor: Actor | None, subject: Subject, basis: Basis, ground: Ground | None, start: datetime, end: datetime
) -> None:
    if (basis is Basis.CONSENT) == (subject.category in LAWFUL_CATEGORIES):
        raise Invalid(
            "Consent is the basis for persons outside the four categories of the law only, and their only one.",
            "“同意”仅适用于四类社区矫正对象以外的人员，且此类人员只能以“同意”为依据。",
            field="basis",
        )
    if (basis is Basis.ARTICLE29) != (ground is not None):
        raise Invalid(
            "An electronic positioning device (Article 29) needs one of the five grounds; another basis has none.",
            "使用电子定位装置（第二十九条）须选择五种情形之一；其他依据不填情形。",
            field="ground",
        )
    if basis is not Basis.ARTICLE29:
        return
    if actor is not None and actor.role is not Role.BUREAU:
        raise Forbidden("Article 29 is approved by the head of the county bureau.", "使用电子定位装置须由县级司法行政部门负责人批准。")
    bureau = session.get_one(Bureau, subject.bureau_id)
    if end > months_later(start, DEVICE_MONTHS, ZoneInfo(bureau.timezone)):
        raise Invalid(
            "Article 29 allows at most three months at a time; record an extension as a new authority.",
            "使用电子定位装置的期限不得超过三个月；延长的，请另行登记。",
            field="valid_until",
        )
