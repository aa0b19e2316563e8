"""外出证明: the paper that a subject on leave carries and shows, made from an approved request.

It says no more of her than whoever checks it must know: who she is, where she may be, until when, and who approved it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session

from corrections.domain.casework import ApprovalRank, LeaveKind, LeaveReason, RequestState
from corrections.errors import Conflict
from corrections.records.audit import record_by
from corrections.records.casework_words import CASEWORK
from corrections.records.leave import By, request_for
from corrections.records.leave_terms import ends_at, extension_of
from corrections.records.measure_papers import Draft
from corrections.records.own_words import windows_words
from corrections.records.paper_parts import Block, Desk, desk_for, note, text
from corrections.records.papers import Language
from corrections.settings import Settings
from corrections.store.access import Action, Actor
from corrections.store.rulebook import as_windows
from corrections.store.tables import LeaveRequest


def certificate(session: Session, by: By, request_id: int, lang: Language, *, settings: Settings, now: datetime) -> Draft:
    """The certificate of an approved leave, for an officer within reach or for the subject herself, in a writing session: that it was
    fetched is audited. Raises Conflict (it is not approved), Forbidden, NotFound."""
    if isinstance(by, Actor):
        by.require(Action.REVIEW)
    request = request_for(session, by, request_id)
    if request.state != RequestState.APPROVED:
        raise Conflict("Only of an approved leave there is a certificate.", "只有已批准的外出才能出具外出证明。")
    desk = desk_for(session, request.subject_id, lang, settings, now)
    detail = {"request": request_id, "language": lang}
    record_by(session, by, "leave.certificate", subject_id=request.subject_id, detail=detail, now=now)
    return Draft(f"leave-{request_id}-{lang}.pdf", content(desk, request), lang)


def content(desk: Desk, request: LeaveRequest) -> dict[str, Any]:
    """What the template sets."""
    t, number = desk.t, f"{desk.bureau.code}-L{request.id}"
    office = request.rank == ApprovalRank.OFFICE
    sections = [(("准许事项", "What is permitted"), _permitted(desk, request)), (("外出期间", "While away"), _duties(desk, request))]
    return {
        "issuer": t(f"{desk.bureau.name}　{desk.office.name}", f"{desk.name(desk.bureau)} · {desk.name(desk.office)}"),
        "title": t("外出证明", "Leave certificate"),
        "subtitle": t("（经常性跨市、县活动）", "Regular cross-area activity") if request.kind == LeaveKind.REGULAR else "",
        "number": t(f"编号：{number}", f"No. {number}"),
        "banner": _over(desk, request),
        "sections": [
            {"heading": "", "blocks": [text(_certified(desk, request))]},
            *({"heading": t(*heading), "blocks": blocks} for heading, blocks in sections),
        ],
        "signatures": [{"label": t("批准人", "Approved by"), "name": request.approved_by}, {"label": t("持证人", "The holder")}],
        "seal": desk.name(desk.office if office else desk.bureau),
        "footer": t(
            f"{number}　{desk.minute(desk.now)} 由系统按批准内容生成，以盖章的文本为准。",
            f"{number} · made from the approval, {desk.minute(desk.now)}; the sealed text counts.",
        ),
    }


def _certified(desk: Desk, request: LeaveRequest) -> str:
    subject, decided = desk.subject, desk.day(request.decided_at or request.requested_at)
    rank = desk.w(CASEWORK[ApprovalRank], ApprovalRank(request.rank))
    return desk.t(
        f"兹证明：{subject.name}（编号 {subject.number}）的下列外出，已于{decided}由{rank}批准。",
        f"This is to certify that the leave below of {subject.name} (number {subject.number}) was approved on {decided} by {rank}.",
    )


def _permitted(desk: Desk, request: LeaveRequest) -> list[Block]:
    t = desk.t
    rows = [
        [t("目的地", "Destination"), request.destination],
        [t("事由", "Reason"), desk.w(CASEWORK[LeaveReason], LeaveReason(request.reason))],
        [t("自", "From"), desk.minute(request.leaves_at)],
        [t("至", "Until"), desk.minute(request.returns_at)],
    ]
    blocks: list[Block] = [{"kind": "facts", "rows": rows}]
    if request.windows:
        zh, en = windows_words(as_windows(request.windows))
        blocks.append(text(t(f"时段：{zh}。", f"When: {en}.")))
    if request.outline is not None:
        blocks.append(text(t("限于批准的区域和路线。", "Within the area and on the route that were approved only.")))
    return blocks


def _duties(desk: Desk, request: LeaveRequest) -> list[Block]:
    t, rules = desk.t, []
    if request.conditions:
        rules.append(t(f"批准时的要求：{request.conditions}", f"Conditions of the approval: {request.conditions}"))
    rules += [
        t(
            "手机保持开机和定位；按要求报告出发、到达和在外情况。",
            "Keep the phone on and located; report departure, arrival and what is asked for.",
        ),
        t(
            "禁止令、禁止进入的区域和禁止接触的人，在外出期间同样有效。",
            "Prohibition orders, prohibited areas and persons to keep away from bind meanwhile, too.",
        ),
    ]
    if request.kind == LeaveKind.LEAVE:
        rules.append(
            t(
                "期满前返回并销假；不能按时返回的，须提前申请延长并说明原因。",
                "Be back and sign back in before it ends; who cannot asks for an extension before, with the reason.",
            )
        )
    blocks: list[Block] = [text("\n".join(f"{i}. {rule}" for i, rule in enumerate(rules, 1)))]
    if desk.subject.minor:
        blocks.append(note(t("持证人是未成年人，身份信息依法保密。", "The holder is a minor, whose identity is confidential by law.")))
    return blocks


def _over(desk: Desk, request: LeaveRequest) -> str:
    """Across the head, why the certificate counts no more."""
    t, end = desk.t, ends_at(desk.session, request)
    if request.returned_at is not None:
        return t(
            f"已于 {desk.minute(request.returned_at)} 销假，本证明失效",
            f"Signed back in on {desk.minute(request.returned_at)}: no longer valid",
        )
    if end < request.returns_at:
        return t(f"自 {desk.minute(end)} 起撤销，其后本证明无效", f"Revoked as of {desk.minute(end)}: not valid after that")
    longer = extension_of(desk.session, request)
    if longer is not None:
        return t(f"已延长，另见编号 L{longer.id} 的证明", f"Extended: see also certificate L{longer.id}")
    return t("已期满，本证明失效", "Its time is over: no longer valid") if end <= desk.now else ""
