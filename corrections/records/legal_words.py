"""What is said of the law's terms, in Chinese and English: in notices and in the list of what is due. No positions, no names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from corrections.domain.legal import Contact, ContactSource, DueKind, Edge, Telling, Terms, Why

Both = tuple[str, str]


def edge_text(telling: Telling, starts_at: datetime, terms: Terms, zone: ZoneInfo) -> Both:
    """What officer and head are told of an edge of a clock, before it or when it is reached."""
    since, by = day(starts_at, zone), day(telling.edge_at, zone)
    zh, en = (REACHED if telling.reached else AHEAD)[telling.edge]
    named = {"since": since, "by": by, "days": terms.contact_days, "months": terms.contact_months, "reporting": terms.reporting_days}
    return zh.format(**named), en.format(**named)


AHEAD: dict[Edge, Both] = {
    Edge.REPORT_BY: (
        "报到期限自 {since} 起 {reporting} 日，{by} 零时届满，尚未登记报到。",
        "The {reporting} days for reporting in, since {since}, end when {by} begins; no reporting in is recorded yet.",
    ),
    Edge.OVER_DAYS: (
        "自 {since} 起脱离监管，{by} 零时起超过 {days} 日，可以建议的措施随之变化。",
        "Off supervision since {since}: from the beginning of {by} it is more than {days} days, and what may be proposed changes.",
    ),
    Edge.OVER_MONTH: (
        "自 {since} 起脱离监管，{by} 零时起超过 {months} 个月，可以建议的措施随之变化。",
        "Off supervision since {since}: from the beginning of {by} it is more than {months} month(s), and what may be proposed changes.",
    ),
}
REACHED: dict[Edge, Both] = {
    Edge.REPORT_BY: (
        "报到期限自 {since} 起 {reporting} 日已届满，未登记报到。请核实，并按规定处理。",
        "The {reporting} days for reporting in, since {since}, are over, and no reporting in is recorded. Please verify it and act on it.",
    ),
    Edge.OVER_DAYS: (
        "自 {since} 起脱离监管已超过 {days} 日。可以建议什么，见期限清单；是否建议由您决定。",
        "Off supervision since {since}, for more than {days} days. The list of what is due tells what may be proposed; you decide.",
    ),
    Edge.OVER_MONTH: (
        "自 {since} 起脱离监管已超过 {months} 个月。可以建议什么，见期限清单；是否建议由您决定。",
        "Off supervision since {since}, for more than {months} month(s). The list of what is due tells what may be proposed; you decide.",
    ),
}


def term_ahead(until: datetime, zone: ZoneInfo) -> Both:
    """That a term of supervision will end."""
    last = last_day(until, zone)
    return f"矫正期限至 {last} 届满，请准备解除矫正。", f"The term of supervision ends with {last}: please prepare the release."


def term_ended(until: datetime, lawful: bool, zone: ZoneInfo) -> Both:
    """That a term has ended, and what the service did of itself; ``lawful``: one of the law's four categories, who is released."""
    last = last_day(until, zone)
    if not lawful:
        return (
            f"登记期限已于 {last} 届满，状态已自动变更。",
            f"The term on the register ended with {last}; the status was changed by itself.",
        )
    return (
        f"矫正期限已于 {last} 届满，定位监测已自动停止。请发放解除社区矫正证明书，并通知决定机关、人民检察院、公安机关。",
        f"The term of supervision ended with {last}, and monitoring stopped by itself. Please give the certificate of release, and notify "
        "the deciding body, the procuratorate and the police.",
    )


def authority_ahead(until: datetime, device: bool, zone: ZoneInfo) -> Both:
    """That a legal basis of locating will end; ``device`` where it is one of an electronic positioning device."""
    last = last_day(until, zone)
    if device:
        return (
            f"电子定位装置使用期限至 {last} 届满，届时自动停止。不再需要的应及时解除；仍有必要的，须评估并重新报批，每次不超过三个月。",
            f"The time of the electronic positioning device ends with {last}, and it stops by itself. Lift it where it is not needed; "
            "where it is, assess that and have it approved anew, for at most three months.",
        )
    return (
        f"定位依据至 {last} 届满，届时自动停止定位。仍有必要的，请另行报批登记。",
        f"The legal basis of locating ends with {last}, and locating stops by itself. Where it is still needed, have a new one approved.",
    )


SEARCH_OPENED: Both = (
    "已开始查找（社区矫正法第三十条），请逐步记录查找经过。",
    "A search was opened (Community Corrections Law, Art 30). Please record it step by step.",
)
STATUS_WANTED: Both = (
    "查找结果表明应登记状态变更（被限制人身自由或者死亡），登记后监测停止。",
    "What came of the search is to be registered (custody or death); monitoring stops with it.",
)


def day(at: datetime, zone: ZoneInfo) -> date:
    """The local day of a moment."""
    return at.astimezone(zone).date()


def last_day(until: datetime, zone: ZoneInfo) -> date:
    """The last local day of a term that ends at the exclusive moment ``until``: with midnight, the day before."""
    return day(until - datetime.resolution, zone)


LEGAL: Mapping[type[StrEnum], Mapping[str, Both]] = {
    DueKind: {
        DueKind.REPORTING_IN: ("报到期限", "reporting in"),
        DueKind.OUT_OF_CONTACT: ("脱离监管", "off supervision"),
        DueKind.SEARCH: ("查找进行中", "search"),
        DueKind.STATUS: ("待登记状态变更", "status to register"),
        DueKind.TERM_END: ("矫正期满", "end of term"),
        DueKind.AUTHORITY_END: ("定位依据届满", "end of a legal basis of locating"),
        DueKind.MEASURES: ("训诫、警告累计", "measures that lead on"),
        DueKind.PROPOSAL: ("待复核的处理建议", "proposal for a second officer"),
        DueKind.LEAVE_DECISION: ("待审批的外出", "leave to decide"),
        DueKind.LEAVE_RETURN: ("未按时销假", "not back from leave"),
        DueKind.OBJECTION: ("待答复的异议", "objection to answer"),
        DueKind.ROUND: ("待签字的定位核查", "location check to sign"),
    },
    Edge: {
        Edge.REPORT_BY: ("报到期限届满", "end of the time for reporting in"),
        Edge.OVER_DAYS: ("超过规定日数", "over the number of days"),
        Edge.OVER_MONTH: ("超过规定月数", "over the number of months"),
    },
    Contact: {
        Contact.WITHIN_DAYS: ("未超过规定日数", "within the number of days"),
        Contact.OVER_DAYS: ("已超过规定日数", "over the number of days"),
        Contact.OVER_MONTH: ("已超过规定月数", "over the number of months"),
    },
    Why: {
        Why.WITHIN_DAYS: ("脱离监管，未超过规定日数", "off supervision, within the number of days"),
        Why.OVER_DAYS: ("脱离监管，超过规定日数", "off supervision, over the number of days"),
        Why.OVER_MONTH: ("脱离监管，超过规定月数", "off supervision, over the number of months"),
        Why.WHEREABOUTS_HIDDEN: ("拒不报告行踪，脱离监管", "hides her whereabouts, off supervision"),
        Why.ADMONISHED: ("多次训诫仍不改正", "admonished repeatedly and not mended"),
        Why.WARNED: ("多次警告仍不改正", "warned repeatedly and not mended"),
        Why.RULES_BREACHED: ("违反监督管理规定", "breach of the rules of supervision"),
    },
    ContactSource: {
        ContactSource.REPORT: ("定位上报", "report of the phone"),
        ContactSource.CHECK_IN: ("签到", "check-in"),
        ContactSource.REVIEW: ("核查中联系上", "reached in a review"),
        ContactSource.LOG_ENTRY: ("工作记录", "entry in the log"),
        ContactSource.ROUND: ("定位核查中联系上", "reached in a location check"),
        ContactSource.LEAVE_REPORT: ("外出报告", "report on leave"),
        ContactSource.STATEMENT: ("陈述、申辩", "statement"),
        ContactSource.SEARCH: ("查找", "search"),
        ContactSource.TERM: ("矫正期限起始", "beginning of the term"),
    },
}
"""The words of the law's terms on screen."""
