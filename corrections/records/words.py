"""The words on screen and paper for the model's enumerations, (Chinese, English)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from corrections.domain.causes import Cause
from corrections.domain.model import (
    AskReason,
    Category,
    ClientState,
    Decision,
    FalseAlarmCause,
    FlagKind,
    Level,
    Nature,
    NoticeKind,
    Recipient,
    ReviewState,
    Role,
    Rule,
    Severity,
    Side,
    SubjectStatus,
    ZoneKind,
)
from corrections.records.casework_words import CASEWORK
from corrections.records.check_words import CHECKS
from corrections.records.legal_words import LEGAL
from corrections.records.logs import EntryKind
from corrections.records.permits import Basis
from corrections.review.events import EventKind
from corrections.review.reviewing import Answer, Means

Words = Mapping[str, tuple[str, str]]

CATEGORIES: Words = {
    Category.CONTROL: ("管制", "control"),
    Category.PROBATION: ("缓刑", "probation"),
    Category.PAROLE: ("假释", "parole"),
    Category.TEMPORARY: ("暂予监外执行", "temporary execution outside prison"),
    Category.RELEASED: ("安置帮教", "released, looked after"),
}
LEVELS: Words = {Level.STRICT: ("严管", "strict"), Level.GENERAL: ("普管", "general"), Level.LENIENT: ("宽管", "lenient")}
STATUSES: Words = {
    SubjectStatus.ACTIVE: ("在矫", "under supervision"),
    SubjectStatus.ENDED: ("解除矫正", "ended"),
    SubjectStatus.CUSTODY: ("被限制人身自由", "in custody"),
    SubjectStatus.DECEASED: ("死亡", "deceased"),
}
ROLES: Words = {
    Role.OFFICER: ("工作人员", "officer"),
    Role.OFFICE_HEAD: ("司法所所长", "office head"),
    Role.BUREAU: ("区司法局", "bureau"),
    Role.AUDITOR: ("审计员", "auditor"),
    Role.ADMINISTRATOR: ("管理员", "administrator"),
}
ZONE_KINDS: Words = {ZoneKind.INCLUSION: ("活动范围", "permitted area"), ZoneKind.EXCLUSION: ("禁止区域", "prohibited area")}
SIDES: Words = {
    Side.RIGHT: ("符合要求", "where required"),
    Side.WRONG: ("不符合要求", "where not allowed"),
    Side.UNKNOWN: ("无法确定", "cannot tell"),
}
RULES: Words = {
    Rule.BOUNDARY: ("越界", "boundary"),
    Rule.SILENCE: ("失去联系", "out of contact"),
    Rule.NO_POSITION: ("有联系无位置", "contact without position"),
    Rule.MOCK_LOCATION: ("疑似虚假定位", "mocked location"),
    Rule.APPROACH: ("接近禁止区域", "close to a prohibited area"),
    Rule.OVERDUE_RETURN: ("逾期未归", "overdue return from leave"),
    Rule.IMPLAUSIBLE_MOVEMENT: ("位移异常", "implausible movement"),
    Rule.LEFT_BEHIND: ("疑似人机分离", "phone perhaps left behind"),
    Rule.TOGETHER: ("违反禁止接触", "contact that is forbidden"),
    Rule.LOW_BATTERY: ("电量低", "low battery"),
    Rule.PERMISSION_OFF: ("定位权限关闭", "location permission off"),
    Rule.MISSED_CHECK_IN: ("未按要求签到", "missed check-in"),
}
AT_ZONES: Mapping[tuple[str, str], tuple[str, str]] = {
    (Rule.BOUNDARY, ZoneKind.INCLUSION): ("越界", "outside the permitted area"),
    (Rule.BOUNDARY, ZoneKind.EXCLUSION): ("进入禁止区域", "in a prohibited area"),
}
NATURES: Words = {Nature.CONDUCT: ("行为", "conduct"), Nature.TECHNICAL: ("技术", "technical")}
SEVERITIES: Words = {
    Severity.LOW: ("低", "low"),
    Severity.MEDIUM: ("中", "medium"),
    Severity.HIGH: ("高", "high"),
    Severity.GRAVE: ("严重", "grave"),
}
REVIEW_STATES: Words = {
    ReviewState.QUEUED: ("待核查", "waiting"),
    ReviewState.CLAIMED: ("核查中", "claimed"),
    ReviewState.DECIDED: ("已办结", "decided"),
    ReviewState.WITHDRAWN: ("已撤回", "withdrawn"),
}
DECISIONS: Words = {
    Decision.CONFIRMED: ("属实", "confirmed"),
    Decision.FALSE_ALARM: ("误报", "false alarm"),
    Decision.AUTHORISED_ABSENCE: ("已批准外出", "authorised absence"),
    Decision.REASONABLE_EXCUSE: ("有正当理由", "reasonable excuse"),
}
CAUSES: Words = {
    FalseAlarmCause.POSITION_ERROR: ("定位误差", "position error"),
    FalseAlarmCause.DEVICE_FAULT: ("设备故障", "device fault"),
    FalseAlarmCause.ZONE_ERROR: ("围栏有误", "zone error"),
    FalseAlarmCause.REGISTER_ERROR: ("登记有误", "register error"),
    FalseAlarmCause.OTHER: ("其他", "other"),
}
STEPS: Words = {
    EventKind.DETECTED: ("系统发现", "detected"),
    EventKind.ASSIGNED: ("分派", "assigned"),
    EventKind.REVISED: ("证据更新", "evidence changed"),
    EventKind.WITHDRAWN: ("撤回", "withdrawn"),
    EventKind.REVIVED: ("恢复", "revived"),
    EventKind.NOTIFIED: ("提醒", "notice"),
    EventKind.CLAIMED: ("认领", "claimed"),
    EventKind.RELEASED: ("退回", "put back"),
    EventKind.NOTED: ("备注", "note"),
    EventKind.CONTACTED: ("联络", "contact"),
    EventKind.ATTACHED: ("添加附件", "attachment"),
    EventKind.HANDED_OVER: ("移交", "handed over"),
    EventKind.ESCALATED: ("升级上报", "escalated"),
    EventKind.DECIDED: ("办结", "decided"),
    EventKind.REOPENED: ("重新打开", "reopened"),
}
SILENCE_CAUSES: Words = {
    Cause.OWN_OUTAGE: ("本服务中断", "our own outage"),
    Cause.AREA: ("大面积通信中断", "an area-wide loss"),
    Cause.BATTERY_EMPTY: ("可能没电", "battery probably empty"),
    Cause.PERMISSION_OFF: ("定位权限关闭", "location permission off"),
    Cause.LOCATION_OFF: ("手机定位关闭", "location switched off"),
    Cause.APP_STOPPED: ("定位程序或手机关闭", "app or phone off"),
    Cause.BUFFERED: ("没有信号，事后补传", "out of contact, uploaded later"),
    Cause.UNKNOWN: ("原因不明", "unknown"),
}
RECIPIENTS: Words = {
    Recipient.SUBJECT: ("本人", "the subject"),
    Recipient.OFFICER: ("工作人员", "the officer"),
    Recipient.OFFICE_HEAD: ("司法所所长", "the office head"),
    Recipient.BUREAU: ("区司法局", "the bureau"),
}
NOTICE_KINDS: Words = {
    NoticeKind.SILENCE: ("失去联系", "out of contact"),
    NoticeKind.SEARCH: ("查找", "search"),
    NoticeKind.LOW_BATTERY: ("电量低", "low battery"),
    NoticeKind.PERMISSION_OFF: ("定位权限关闭", "location permission off"),
    NoticeKind.ASSIGNED: ("待核查", "waits for review"),
    NoticeKind.DUE_SOON: ("即将到期", "due soon"),
    NoticeKind.ESCALATED: ("逾期上报", "overdue, gone up"),
    NoticeKind.HANDED_OVER: ("移交", "handed over"),
    NoticeKind.WATCHED: ("关注事项有进展", "what you watch"),
    NoticeKind.ROUND_OPENED: ("定位核查待完成", "round to go through"),
    NoticeKind.ROUND_DUE_SOON: ("定位核查即将到期", "round due soon"),
    NoticeKind.ROUND_ESCALATED: ("定位核查逾期未签", "round not signed"),
    NoticeKind.CHECK_IN: ("要求签到", "asked to check in"),
    NoticeKind.CLOCK: ("法定期限", "legal term"),
    NoticeKind.TERM_ENDED: ("矫正期满", "end of term"),
    NoticeKind.UNDELIVERED: ("消息未能送达", "messages not delivered"),
    NoticeKind.SECOND_WANTED: ("处理建议待复核", "proposal to be seconded"),
    NoticeKind.LEAVE_REQUESTED: ("外出待审批", "leave to be decided"),
    NoticeKind.LEAVE_DECIDED: ("外出审批结果", "leave was decided"),
    NoticeKind.LEAVE_OVERDUE: ("逾期未归", "not back from leave"),
    NoticeKind.OBJECTION: ("异议待答复", "objection to be answered"),
}
CLIENT_STATES: Words = {
    ClientState.NOTHING: ("未说明", "not said"),
    ClientState.PERMISSION_OFF: ("定位权限关闭", "may not read the location"),
    ClientState.LOCATION_OFF: ("手机定位关闭", "location switched off"),
    ClientState.STOPPED: ("定位程序已停止", "tracking stopped"),
    ClientState.POWER_SAVE: ("省电模式", "power-save mode"),
    ClientState.ALLOWED: ("允许定位", "may read the location"),
}
ASK_REASONS: Words = {
    AskReason.UNCERTAIN: ("系统请求（无法确定所在）", "by the service, which cannot tell"),
    AskReason.OFFICER: ("工作人员请求", "by an officer"),
    AskReason.ROUND: ("定位核查请求", "for a check round"),
}
FLAG_KINDS: Words = {
    FlagKind.GCJ02_OFFSET: ("疑似未换算的 GCJ-02 坐标", "positions look like GCJ-02"),
    FlagKind.BD09_OFFSET: ("疑似未换算的 BD-09 坐标", "positions look like BD-09"),
}
MEANS: Words = {
    Means.PHONE: ("电话", "by phone"),
    Means.MESSAGE: ("短信、微信", "by message"),
    Means.VIDEO: ("视频", "by video"),
    Means.VISIT: ("实地查访", "by visit"),
    Means.OTHER: ("其他", "by other means"),
}
ANSWERS: Words = {Answer.REACHED: ("已联系上", "reached"), Answer.NOT_REACHED: ("未联系上", "not reached")}
ENTRY_KINDS: Words = {
    EntryKind.VISIT: ("实地查访", "visit"),
    EntryKind.TALK: ("个别谈话", "talk"),
    EntryKind.REPORT: ("报到、报告", "report"),
    EntryKind.EDUCATION: ("教育学习", "education"),
    EntryKind.OTHER: ("其他", "other"),
}
BASES: Words = {
    Basis.ARTICLE26: ("信息化核查（社区矫正法第二十六条）", "information-based verification (Community Corrections Law, Art 26)"),
    Basis.ARTICLE29: ("电子定位装置（社区矫正法第二十九条）", "electronic positioning device (Community Corrections Law, Art 29)"),
    Basis.CONSENT: ("本人同意", "consent"),
}

ALL: dict[type[StrEnum], Words] = {
    Category: CATEGORIES, Level: LEVELS, SubjectStatus: STATUSES, Role: ROLES, ZoneKind: ZONE_KINDS, Side: SIDES, Rule: RULES,
    Nature: NATURES, Severity: SEVERITIES, ReviewState: REVIEW_STATES, Decision: DECISIONS, FalseAlarmCause: CAUSES, EventKind: STEPS,
    Means: MEANS, Answer: ANSWERS, EntryKind: ENTRY_KINDS, Basis: BASES,
    Cause: SILENCE_CAUSES, Recipient: RECIPIENTS, NoticeKind: NOTICE_KINDS, ClientState: CLIENT_STATES, AskReason: ASK_REASONS,
    FlagKind: FLAG_KINDS, **CASEWORK, **LEGAL, **CHECKS,
}  # fmt: skip
"""Every enumeration that people read, with its words; a test holds that none lacks one."""


def rule(name: str, zone_kind: str | None) -> tuple[str, str]:
    """A rule as an officer calls it, which at a zone depends on the zone's kind (None: no zone, or it is not known)."""
    return AT_ZONES.get((name, zone_kind or ""), RULES.get(name, (name, name)))
