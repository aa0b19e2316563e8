"""What papers about a subject are made of: who she is, grounds and quoted law, violations, her statement, measures in force, remedies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from corrections.domain.casework import MeasureKind
from corrections.domain.legal import local_day
from corrections.domain.model import Rule, Severity, ZoneKind
from corrections.records import words
from corrections.records.casework_words import CASEWORK
from corrections.records.clocks import zone_of
from corrections.records.papers import Language
from corrections.review.events import EventKind
from corrections.review.reviewing import Means
from corrections.settings import Settings
from corrections.settings.legal import Article
from corrections.settings.measures import GroundText
from corrections.store.tables import (
    Bureau,
    Measure,
    Office,
    Officer,
    ReviewEvent,
    Statement,
    Subject,
    Violation,
    Zone,
    ZoneRevision,
)

Block = dict[str, Any]
SOURCES = {
    "WZ22": ("温州市司法局2022年公布的条件", "the conditions that Wenzhou's justice bureau published in 2022"),
    "SPC21 Art 543": (
        "最高人民法院刑事诉讼法解释（2021）第五百四十三条",
        "the Supreme Court's Interpretation of the Criminal Procedure Law (2021), Art 543",
    ),
    "SPC21 Art 516": (
        "最高人民法院刑事诉讼法解释（2021）第五百一十六条",
        "the Supreme Court's Interpretation of the Criminal Procedure Law (2021), Art 516",
    ),
}
"""Where the grounds' conditions were read, as a paper names it; a source that is not here is named by its key."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What a paper is written with: the subject, her places, the language and the wall clock."""

    session: Session
    subject: Subject
    office: Office
    bureau: Bureau
    zone: ZoneInfo
    lang: Language
    settings: Settings
    now: datetime

    def t(self, zh: str, en: str) -> str:
        return zh if self.lang == "zh" else en

    def w(self, table: Any, key: Any) -> str:
        zh, en = table[key]
        return self.t(zh, en)

    def name(self, place: Bureau | Office) -> str:
        return self.t(place.name, place.name_en or place.name)

    def day(self, at: datetime) -> str:
        day = local_day(at, self.zone)
        return self.t(f"{day.year}年{day.month}月{day.day}日", f"{day.day} {day:%B} {day.year}")

    def minute(self, at: datetime) -> str:
        return f"{at.astimezone(self.zone):%Y-%m-%d %H:%M}"

    def officer(self, officer_id: int | None) -> str:
        officer = self.session.get(Officer, officer_id) if officer_id is not None else None
        return officer.name if officer is not None else ""


def desk_for(session: Session, subject_id: int, lang: Language, settings: Settings, now: datetime) -> Desk:
    subject = session.get_one(Subject, subject_id)
    office, bureau = session.get_one(Office, subject.office_id), session.get_one(Bureau, subject.bureau_id)
    return Desk(session, subject, office, bureau, zone_of(session, subject), lang, settings, now)


def person(desk: Desk) -> list[Block]:
    s, t = desk.subject, desk.t
    rows = [
        (t("姓名", "Name"), s.name),
        (t("编号", "Number"), s.number),
        (t("矫正类别", "Category"), desk.w(words.CATEGORIES, s.category)),
        (t("管理等级", "Level"), desk.w(words.LEVELS, s.level)),
        (t("矫正期限自", "Term from"), desk.day(s.term_from)),
        (t("至", "Until"), desk.day(s.term_until - timedelta(microseconds=1))),
    ]
    blocks: list[Block] = [{"kind": "facts", "rows": [list(row) for row in rows]}]
    if s.minor:
        blocks.append(
            note(
                t(
                    "未成年社区矫正对象：身份信息保密，本文书不得向无关人员提供。",
                    "A minor: the identity is confidential; show it to nobody else.",
                )
            )
        )
    return blocks


def ground(desk: Desk, kind: MeasureKind, key: str, at: datetime) -> list[Block]:
    """What it rests on: the ground in our words and where it was read, the law's own words where they were read, else
    that they were not."""
    day, t = local_day(at, desk.zone), desk.t
    ground = desk.settings.measures.ground(key, day) if key else None
    if ground is None or not ground.verified:
        said = t(ground.text_zh, ground.text_en) if ground is not None else ""
        unknown = t("依据由本局核定（unverified，未经核对原文）。", "The legal basis is for the bureau to settle (unverified).")
        return [text(said + unknown), *_quotes(desk, ground, day)]
    read = t("、", ", ").join(desk.t(*SOURCES.get(one.strip(), (one.strip(), one.strip()))) for one in ground.source.split(","))
    source = t(
        f"依据：{ground.text_zh}（参照{read}转述，非条文原文；正式援引的条款由本局核定。）",
        f"Ground: {ground.text_en} (Told after {read}, not in the words of the law; the bureau settles which article is cited.)",
    )
    return [text(source), *_quotes(desk, ground, day)]


def _quotes(desk: Desk, ground: GroundText | None, day: date) -> list[Block]:
    keys = ground.articles if ground is not None else ()
    found = [article for key in keys if (article := desk.settings.legal.article(key, day)) is not None]
    return [block for one in found for block in _quote(desk, one)]


def _quote(desk: Desk, article: Article) -> list[Block]:
    """An article's own words, and their translation; nothing of one that was not read in the law itself."""
    if not (article.quoted and article.verified and article.source.startswith("LAW")):
        return []
    quote: Block = {"kind": "quote", "name": desk.t(article.name_zh, article.name_en), "text": article.text_zh}
    return [quote] if desk.lang == "zh" else [quote, text("In English: " + article.text_en)]


def rests_on(desk: Desk, violation_ids: Sequence[int]) -> Sequence[Violation]:
    v = Violation
    return desk.session.exec(select(v).where(col(v.id).in_(violation_ids)).order_by(col(v.started_at), col(v.id))).all()


def violations(desk: Desk, rests: Sequence[Violation]) -> list[Block]:
    if not rests:
        return [text(desk.t("未列系统记录的违规，事实见上。", "No violation of the service's records; the facts are told above."))]
    head = (
        ("编号", "No."), ("起止时间", "From and to"), ("违规", "Violation"), ("理由", "Reason"), ("核查认定", "Decided"),
    )  # fmt: skip
    rows = [
        [
            f"V{one.id}",
            desk.minute(one.started_at) + "\n" + (desk.minute(one.ended_at) if one.ended_at else desk.t("持续中", "still lasts")),
            desk.w({one.rule: words.rule(one.rule, _zone_kind(desk, one))}, one.rule),
            _reason(desk, one),
            _decided(desk, one),
        ]
        for one in rests
    ]
    return [{"kind": "table", "head": [desk.t(*one) for one in head], "widths": [0.85, 2.6, 1.4, 3.9, 2.6], "rows": rows}]


def _reason(desk: Desk, violation: Violation) -> str:
    """The violation's reason; without what would tell who or where a protected person is, as the subject reads the paper."""
    revision = desk.session.get(ZoneRevision, violation.zone_revision_id) if violation.zone_revision_id else None
    grave = revision is not None and revision.severity == Severity.GRAVE and _zone_kind(desk, violation) == ZoneKind.EXCLUSION
    if violation.rule == Rule.TOGETHER:
        return desk.t(
            "与其不得接近的人员位置接近（人员情况见案卷）。", "Close to a person whom she must not approach (who it is: see the file)."
        )
    if grave and not desk.settings.portal.show_grave_zones:
        return desk.t("进入禁止区域（名称、位置见案卷）。", "In a prohibited area (its name and place: see the file).")
    return desk.t(violation.reason_zh, violation.reason_en)


def _zone_kind(desk: Desk, violation: Violation) -> str | None:
    zone = desk.session.get(Zone, violation.zone_id) if violation.zone_id else None
    return None if zone is None else zone.kind


def _decided(desk: Desk, violation: Violation) -> str:
    """How it was decided, by whom, when and why; or that later evidence or a reopening has overtaken it."""
    if violation.decision is None or violation.decided_at is None:
        return desk.t("已重新打开，尚未认定", "reopened, not decided")
    e = ReviewEvent
    events = select(e).where(e.violation_id == violation.id, e.kind == EventKind.DECIDED.value).order_by(col(e.id).desc())
    event = desk.session.exec(events.limit(1)).first()
    who = f"{desk.w(words.DECISIONS, violation.decision)}\n{desk.officer(violation.decided_by)} {desk.minute(violation.decided_at)}"
    reason = f"\n{event.content.get('reason', '')}" if event is not None else ""
    return who + reason + (desk.t("\n（其后有新证据）", "\n(later evidence came in)") if violation.new_evidence else "")


def statement(desk: Desk, statement_id: int | None) -> list[Block]:
    statement = desk.session.get(Statement, statement_id) if statement_id is not None else None
    if statement is None:
        return [text(desk.t("未附陈述、申辩。", "No statement is attached."))]
    by = desk.officer(statement.taken_by) if statement.taken_by is not None else desk.t("本人提交", "given by the person herself")
    means = desk.w(words.MEANS, Means(statement.means))
    about = desk.t(f"陈述编号 S{statement.id}，{desk.minute(statement.taken_at)}，方式：{means}，记录：{by}。",
                   f"Statement S{statement.id}, {desk.minute(statement.taken_at)}, {means}, taken by: {by}.")  # fmt: skip
    declined = desk.t("已告知其可以陈述、申辩，本人表示放弃。", "She was told that she may state her case, and declined.")
    return [note(about) | {"sticky": True}, text((declined + "\n" if statement.declined else "") + statement.text)]


def standing(desk: Desk) -> list[Block]:
    m = Measure
    found = desk.session.exec(
        select(m).where(m.subject_id == desk.subject.id, col(m.revoked_at).is_(None)).order_by(col(m.decided_on), col(m.id))
    ).all()
    if not found:
        return [text(desk.t("无。", "None."))]
    head = [desk.t(*one) for one in (("日期", "Day"), ("措施", "Measure"), ("决定机关", "Decided by"), ("文号", "Document"))]
    rows = [[desk.day(one.decided_on), desk.w(CASEWORK[MeasureKind], MeasureKind(one.kind)), one.decided_by, one.document] for one in found]
    return [{"kind": "table", "head": head, "widths": [2, 1.8, 2.4, 2.2], "rows": rows}]


def uncertainty(desk: Desk) -> str:
    return desk.t(
        "上述违规由系统根据手机上报的位置（信息化核查）提出，并经工作人员核查认定。位置带有误差：上报的精度半径只表示约 68% 的可能，"
        "手机离身、信号不良、设备故障都会使位置与人不符。没有位置不等于违规，也不等于守规。理由中的距离、时间可由原始上报复算。",
        "The service raised these violations from positions that a phone reported (information-based verification); an officer verified "
        "and decided them. Positions err: the accuracy radius that is reported holds in about 68 % of cases, and a phone left behind, a "
        "poor signal or a faulty device set the position apart from the person. No position is no breach, and no compliance. Distances "
        "and times in the reasons can be derived again from the stored reports.",
    )


def remedy(desk: Desk) -> list[Block]:
    day, t = local_day(desk.now, desk.zone), desk.t
    procuratorate = t(
        desk.settings.portal.procuratorate.zh or "所在地人民检察院",
        desk.settings.portal.procuratorate.en or "the local people's procuratorate",
    )
    said = t(
        f"社区矫正对象对本文书所述事实或者措施有异议的，可以向{desk.bureau.name}提出；对答复不服，或者认为合法权益受到侵害的，"
        f"可以向{procuratorate}申诉、控告或者检举。",
        f"The person may object to the facts or the measure before {desk.name(desk.bureau)}; where the answer does not satisfy, or rights "
        f"are held to be infringed, {procuratorate} takes petitions, complaints and reports.",
    )
    article = desk.settings.legal.article("law.34", day)
    return [text(said), *(_quote(desk, article) if article is not None else ())]


def text(said: str) -> Block:
    return {"kind": "text", "text": said}


def note(said: str) -> Block:
    return {"kind": "note", "text": said}
