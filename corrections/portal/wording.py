"""Plain words of these pages for what the model names: short, and without the terms of the trade."""

from __future__ import annotations

from collections.abc import Mapping

from corrections.domain.casework import LeaveReason, LeaveReportKind, MeasureKind, ObjectedTo, ObjectionOutcome, RequestState
from corrections.domain.model import Decision, Role, Rule, SubjectStatus
from corrections.records.audit import OPERATOR, SUBJECT
from corrections.records.casework_words import CASEWORK
from corrections.records.own_home import Touch

Both = tuple[str, str]

TOUCH: Mapping[Touch, Both] = {
    Touch.FINE: ("手机已连上", "Your phone is in touch"),
    Touch.SILENT: ("手机很久没有上报了", "Your phone has not reported for a long time"),
    Touch.NEVER: ("手机还没有上报过", "Your phone has not reported yet"),
    Touch.NOT_ASKED: ("现在不需要上报位置", "You need not report your location now"),
}
STATUSES: Mapping[SubjectStatus, Both] = {
    SubjectStatus.ENDED: ("监管已经结束。", "Supervision has ended."),
    SubjectStatus.CUSTODY: ("现在没有用手机监管。", "Your phone is not used for supervision now."),
    SubjectStatus.DECEASED: ("监管已经结束。", "Supervision has ended."),
}
RULES: Mapping[Rule, Both] = {
    Rule.BOUNDARY: ("离开了该在的地方", "Outside where you must be"),
    Rule.SILENCE: ("手机没有上报", "The phone did not report"),
    Rule.NO_POSITION: ("手机上报了，但没有位置", "The phone reported without a place"),
    Rule.MOCK_LOCATION: ("手机上有改位置的软件", "An app on the phone sets false places"),
    Rule.APPROACH: ("离不能进入的地方很近", "Very near a place to keep out of"),
    Rule.OVERDUE_RETURN: ("请假到期没有回来", "Not back from leave in time"),
    Rule.IMPLAUSIBLE_MOVEMENT: ("手机位置跳来跳去", "The phone's place jumped"),
    Rule.LEFT_BEHIND: ("手机可能没有带在身上", "The phone may have been left behind"),
    Rule.TOGETHER: ("离不能接近的人太近", "Too near a person to keep away from"),
    Rule.LOW_BATTERY: ("手机快没电了", "The phone's battery was low"),
    Rule.PERMISSION_OFF: ("手机不允许定位", "The phone may not read its location"),
    Rule.MISSED_CHECK_IN: ("没有按要求签到", "A check-in was missed"),
}
PROHIBITED: Both = ("进入了不能进入的地方", "In a place to keep out of")
DECISIONS: Mapping[Decision, Both] = {
    Decision.CONFIRMED: ("属实", "It was so"),
    Decision.FALSE_ALARM: ("不属实，是误报", "It was a false alarm"),
    Decision.AUTHORISED_ABSENCE: ("您有外出批准", "You had leave"),
    Decision.REASONABLE_EXCUSE: ("您有正当理由", "You had a good reason"),
}
ABOUT: Mapping[ObjectedTo, Both] = {
    ObjectedTo.VIOLATION: ("核查的事情", "A matter looked into"),
    ObjectedTo.MEASURE: ("奖惩决定", "A measure taken"),
    ObjectedTo.LEAVE_REQUEST: ("请假的决定", "A decision on leave"),
    ObjectedTo.DATA: ("我的信息（有错、要删除）", "My data (wrong, or to be deleted)"),
    ObjectedTo.OTHER: ("其他事情", "Something else"),
}
OUTCOMES: Mapping[ObjectionOutcome, Both] = {
    ObjectionOutcome.UPHELD: ("您说得对", "You were right"),
    ObjectionOutcome.PARTLY: ("一部分对", "You were right in part"),
    ObjectionOutcome.REJECTED: ("没有采纳", "It was not accepted"),
}
LEAVE_STATES: Mapping[RequestState, Both] = {
    RequestState.REQUESTED: ("等待批准", "Waiting for a decision"),
    RequestState.APPROVED: ("已批准", "Approved"),
    RequestState.REFUSED: ("没有批准", "Not approved"),
    RequestState.WITHDRAWN: ("已撤回", "Taken back"),
}
LEAVE_REASONS: Mapping[LeaveReason, Both] = {
    LeaveReason.MEDICAL: ("看病", "to see a doctor"),
    LeaveReason.STUDY: ("上学", "school"),
    LeaveReason.LITIGATION: ("打官司", "a court case"),
    LeaveReason.FAMILY: ("家里有重要的事", "an important family matter"),
    LeaveReason.WORK: ("工作上有重要的事", "important work"),
    LeaveReason.OTHER: ("其他", "something else"),
}
LEAVE_REPORTS: Mapping[LeaveReportKind, Both] = {
    LeaveReportKind.DEPARTURE: ("我出发了", "I have left"),
    LeaveReportKind.ARRIVAL: ("我到了", "I have arrived"),
    LeaveReportKind.UNDERWAY: ("我在外面，平安", "I am away, all is well"),
    LeaveReportKind.RETURN: ("我回来了", "I am back"),
}
LOOKS: Mapping[str, Both] = {
    "location.read": ("查看了您的位置", "looked at your location"),
    "own_link.make": ("给您做了本人查询链接", "made a link to these pages for you"),
    "own.copy": ("下载了您的信息", "took a copy of your record"),
}
ROLES: Mapping[str, Both] = {
    Role.OFFICER: ("工作人员", "an officer"),
    Role.OFFICE_HEAD: ("司法所所长", "the office head"),
    Role.BUREAU: ("区司法局", "the bureau"),
    Role.AUDITOR: ("审计员", "an auditor"),
    Role.ADMINISTRATOR: ("管理员", "an administrator"),
    OPERATOR: ("系统维护人员", "the keeper of the system"),
    SUBJECT: ("您本人（用链接打开）", "you yourself (by your link)"),
}


def measure(kind: str) -> Both:
    """A measure as the law calls it."""
    zh, en = CASEWORK[MeasureKind][MeasureKind(kind)]
    return zh, en[0].upper() + en[1:]


def rule(name: str, zone_kind: str | None) -> Both:
    """What a matter is about."""
    return PROHIBITED if name == Rule.BOUNDARY and zone_kind == "exclusion" else RULES[Rule(name)]
