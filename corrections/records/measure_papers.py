"""The papers of a proposal (处理建议书) and of a measure (决定书, 告知书): drafts made from what is on record, to be checked, signed and
sealed by people. Law is quoted only where the settings hold it as read at its source; all else says what it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from corrections.domain.casework import MeasureKind, ProposalState
from corrections.domain.legal import local_day
from corrections.domain.measures import Second
from corrections.records.audit import record_by
from corrections.records.casework_words import CASEWORK
from corrections.records.measures import measure_for
from corrections.records.paper_parts import (
    Block,
    Desk,
    desk_for,
    ground,
    note,
    person,
    remedy,
    rests_on,
    standing,
    statement,
    text,
    uncertainty,
    violations,
)
from corrections.records.papers import Language, render
from corrections.records.proposals import proposal_for
from corrections.settings import Settings
from corrections.store.access import Actor
from corrections.store.tables import (
    Measure,
    Proposal,
)

OWN_DECISIONS = (MeasureKind.COMMENDATION, MeasureKind.ADMONITION, MeasureKind.WARNING)
"""What the bureau's own body decides; the others are decided elsewhere, and she is told of them."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper and the name of its file."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Draft:
    """What a paper is made from. It is set after the transaction, which would wait for it."""

    name: str
    data: dict[str, Any]
    lang: Language

    def paper(self) -> Paper:
        """The paper as PDF."""
        return Paper(self.name, render("official", self.data, self.lang))


def proposal_paper(session: Session, actor: Actor, proposal_id: int, lang: Language, *, settings: Settings, now: datetime) -> Draft:
    """The paper of a proposal within reach, in a writing session: that it was fetched is audited. Raises Forbidden, NotFound."""
    proposal = proposal_for(session, actor, proposal_id)
    desk = desk_for(session, proposal.subject_id, lang, settings, now)
    detail = {"proposal": proposal_id, "language": lang}
    record_by(session, actor, "proposal.paper", subject_id=proposal.subject_id, detail=detail, now=now)
    return Draft(f"proposal-{proposal_id}-{lang}.pdf", _proposal(desk, proposal), lang)


def measure_paper(session: Session, actor: Actor, measure_id: int, lang: Language, *, settings: Settings, now: datetime) -> Draft:
    """The paper of a measure within reach, in a writing session: that it was fetched is audited. Raises Forbidden, NotFound."""
    measure = measure_for(session, actor, measure_id)
    desk = desk_for(session, measure.subject_id, lang, settings, now)
    detail = {"measure": measure_id, "language": lang}
    record_by(session, actor, "measure.paper", subject_id=measure.subject_id, detail=detail, now=now)
    return Draft(f"measure-{measure_id}-{lang}.pdf", _measure(desk, measure), lang)


# ---- the two papers


def _proposal(desk: Desk, proposal: Proposal) -> dict[str, Any]:
    kind, t = MeasureKind(proposal.measure), desk.t
    rests = rests_on(desk, proposal.violation_ids)
    sections: list[tuple[str, str, list[Block]]] = [
        ("社区矫正对象基本情况", "The person", person(desk)),
        ("建议", "What is proposed", [text(_proposed(desk, kind)), *ground(desk, kind, proposal.ground, proposal.proposed_at)]),
        ("事实", "Facts", [text(proposal.facts)]),
        ("所依据的违规", "The violations it rests on", violations(desk, rests)),
        ("本人陈述、申辩", "The person's own statement", statement(desk, proposal.statement_id)),
        ("现行有效的奖惩", "Measures in force", standing(desk)),
    ]
    if rests:
        sections.append(("关于定位信息", "What a position means", [note(uncertainty(desk))]))
    sections += [
        ("提出与复核", "Who proposed it, and who seconded it", _hands(desk, proposal)),
        ("救济途径", "How to object", remedy(desk)),
    ]
    return {
        **_head(desk, f"P{proposal.id}"),
        "title": t("社区矫正处理建议书", "Proposal of a measure"),
        "subtitle": t(f"（{desk.w(CASEWORK[MeasureKind], kind)}）", desk.w(CASEWORK[MeasureKind], kind).capitalize()),
        "banner": _standing_of(desk, ProposalState(proposal.state)),
        "sections": _numbered(desk, sections),
        "signatures": _signatures(desk, proposal),
        "seal": desk.name(desk.bureau),
    }


def _measure(desk: Desk, measure: Measure) -> dict[str, Any]:
    kind, t = MeasureKind(measure.kind), desk.t
    proposal = desk.session.get(Proposal, measure.proposal_id) if measure.proposal_id is not None else None
    word, own = desk.w(CASEWORK[MeasureKind], kind), kind in OWN_DECISIONS
    decided = t(
        f"{measure.decided_by}于{desk.day(measure.decided_on)}作出{'' if own else '有关'}决定：{word}（文号：{measure.document}）。",
        f"{measure.decided_by} decided on {desk.day(measure.decided_on)}: {word} (document {measure.document}).",
    )
    sections: list[tuple[str, str, list[Block]]] = [
        ("社区矫正对象基本情况", "The person", person(desk)),
        ("决定", "The decision", [text(decided), *ground(desk, kind, measure.ground, measure.decided_on)]),
    ]
    if proposal is not None:
        rests = rests_on(desk, proposal.violation_ids)
        sections += [
            ("事实", "Facts", [text(proposal.facts)]),
            ("所依据的违规", "The violations it rests on", violations(desk, rests)),
            ("本人陈述、申辩", "The person's own statement", statement(desk, proposal.statement_id)),
        ]
        if rests:
            sections.append(("关于定位信息", "What a position means", [note(uncertainty(desk))]))
    sections.append(("救济途径", "How to object", remedy(desk)))
    revoked = measure.revoked_at is not None
    return {
        **_head(desk, f"M{measure.id}"),
        "title": t(f"社区矫正{word}{'决定书' if own else '告知书'}", f"{'Decision' if own else 'Notice'}: {word}"),
        "banner": t("已撤销：" + measure.revoked_reason, "Taken back: " + measure.revoked_reason)
        if revoked
        else t("草稿：经核对、签名、盖章后生效", "Draft: it takes effect once checked, signed and sealed"),
        "sections": _numbered(desk, sections),
        "signatures": [
            {"label": t("承办人", "Officer in charge")},
            {"label": t("负责人", "Head")},
            {"label": t("本人签收", "Received by the person")},
        ],
        "seal": measure.decided_by if own else desk.name(desk.bureau),
    }


def _head(desk: Desk, reference: str) -> dict[str, Any]:
    number = f"{desk.bureau.code}-{reference}"
    made = desk.minute(desk.now)
    return {
        "issuer": desk.t(f"{desk.bureau.name}　{desk.office.name}", f"{desk.name(desk.bureau)} · {desk.name(desk.office)}"),
        "number": desk.t(f"系统编号：{number}", f"Reference: {number}"),
        "footer": desk.t(
            f"{number}　{made} 由系统按登记内容生成，以签名、盖章的文本为准。",
            f"{number} · made from the records, {made}; the signed and sealed text counts.",
        ),
    }


def _numbered(desk: Desk, sections: Sequence[tuple[str, str, list[Block]]]) -> list[dict[str, Any]]:
    shown = [section for section in sections if section[2]]
    return [
        {"heading": desk.t(f"{'一二三四五六七八九十'[i]}、{zh}", f"{i + 1}. {en}"), "blocks": blocks}
        for i, (zh, en, blocks) in enumerate(shown)
    ]


def _proposed(desk: Desk, kind: MeasureKind) -> str:
    word = desk.w(CASEWORK[MeasureKind], kind)
    return desk.t(
        f"建议对该社区矫正对象：{word}。本文书是工作人员提出的建议，不是决定；是否采纳，由有权机关依法决定。",
        f"Measure: {word}. This is a proposal made by a member of staff and no decision; the body that may decides, by law.",
    )


def _hands(desk: Desk, proposal: Proposal) -> list[Block]:
    t = desk.t
    rows = [
        [t("建议人", "Proposed by"), desk.officer(proposal.proposed_by)],
        [t("建议时间", "On"), desk.minute(proposal.proposed_at)],
    ]
    if proposal.seconded_by is not None and proposal.seconded_at is not None:
        verdict = t("不同意", "refused") if proposal.state == ProposalState.REFUSED else t("同意", "agreed")
        rows += [
            [t("复核人", "Seconded by"), f"{desk.officer(proposal.seconded_by)}（{verdict}）"],
            [t("复核时间", "On"), desk.minute(proposal.seconded_at)],
        ]
    else:
        rows += [[t("复核人", "Seconded by"), _not_seconded(desk, proposal)], ["", ""]]
    noted = [text(t("复核意见：", "Note: ") + proposal.note)] if proposal.note else []
    return [{"kind": "facts", "rows": rows}, *noted]


def _not_seconded(desk: Desk, proposal: Proposal) -> str:
    """Why nobody has seconded it."""
    if proposal.state == ProposalState.PROPOSED:
        return desk.t("待复核", "waits")
    day = local_day(proposal.proposed_at, desk.zone)
    if desk.settings.measures.second(MeasureKind(proposal.measure), day) is Second.NONE:
        return desk.t("本措施无须复核", "none is asked for")
    return desk.t("未复核", "nobody")


def _standing_of(desk: Desk, state: ProposalState) -> str:
    first = desk.t("本文书为处理建议，不是决定", "A proposal, not a decision")
    if state in (ProposalState.SECONDED, ProposalState.GRANTED):
        return first
    word = desk.w(CASEWORK[ProposalState], state)
    return first + desk.t(f"　·　{word}，不得发出", f" · {word}: not to be sent out")


def _signatures(desk: Desk, proposal: Proposal) -> list[dict[str, str]]:
    second = {"label": desk.t("复核人", "Seconded by")}
    found = [{"label": desk.t("建议人", "Proposed by"), "name": desk.officer(proposal.proposed_by)}]
    if proposal.seconded_by is not None or proposal.state == ProposalState.PROPOSED:
        found.append(second | {"name": desk.officer(proposal.seconded_by)})
    return [*found, {"label": desk.t("审批意见、负责人", "Approval, head")}]
