"""The words of casework on screen, in Chinese and English: measures, leave, check rounds, searches, objections."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from corrections.domain.casework import (
    ApprovalRank,
    AttachedTo,
    ClockKind,
    Finding,
    LeaveKind,
    LeaveReason,
    LeaveReportKind,
    MeasureKind,
    ObjectedTo,
    ObjectionOutcome,
    ProposalState,
    RequestState,
    RoundState,
    SearchOutcome,
    SearchStepKind,
)
from corrections.domain.measures import Second

CASEWORK: Mapping[type[StrEnum], Mapping[str, tuple[str, str]]] = {
    MeasureKind: {
        MeasureKind.COMMENDATION: ("表扬", "commendation"),
        MeasureKind.ADMONITION: ("训诫", "admonition"),
        MeasureKind.WARNING: ("警告", "warning"),
        MeasureKind.SECURITY_PENALTY: ("提请治安管理处罚", "request for a public-security penalty"),
        MeasureKind.REVOKE_PROBATION: ("提请撤销缓刑", "proposal to revoke probation"),
        MeasureKind.REVOKE_PAROLE: ("提请撤销假释", "proposal to revoke parole"),
        MeasureKind.IMPRISON: ("提请收监执行", "proposal of imprisonment"),
    },
    ProposalState: {
        ProposalState.PROPOSED: ("待复核", "waits for a second officer"),
        ProposalState.SECONDED: ("已复核", "seconded"),
        ProposalState.REFUSED: ("复核不同意", "refused by the second officer"),
        ProposalState.WITHDRAWN: ("已撤回", "withdrawn"),
        ProposalState.GRANTED: ("已作出决定", "granted"),
        ProposalState.DISMISSED: ("未予采纳", "dismissed"),
    },
    Second: {
        Second.NONE: ("无须复核", "nobody"),
        Second.OFFICE_HEAD: ("司法所所长", "the office head"),
        Second.BUREAU: ("区司法局", "the bureau"),
    },
    AttachedTo: {
        AttachedTo.VIOLATION: ("违规", "violation"),
        AttachedTo.STATEMENT: ("陈述、申辩", "statement"),
        AttachedTo.LEAVE_REQUEST: ("外出申请", "leave request"),
        AttachedTo.SEARCH: ("查找", "search"),
        AttachedTo.CHECK_ENTRY: ("定位核查", "location check"),
    },
    LeaveKind: {LeaveKind.LEAVE: ("外出", "leave"), LeaveKind.REGULAR: ("经常性跨市、县活动", "regular cross-area activity")},
    LeaveReason: {
        LeaveReason.MEDICAL: ("就医", "medical treatment"),
        LeaveReason.STUDY: ("就学", "study"),
        LeaveReason.LITIGATION: ("参与诉讼", "litigation"),
        LeaveReason.FAMILY: ("处理家庭重要事务", "family matters"),
        LeaveReason.WORK: ("处理工作重要事务", "work"),
        LeaveReason.OTHER: ("其他", "other"),
    },
    ApprovalRank: {
        ApprovalRank.OFFICE: ("司法所", "the office"),
        ApprovalRank.COUNTY: ("县级社区矫正机构", "the county body"),
        ApprovalRank.SUPERIOR: ("上一级社区矫正机构", "the body above the county's"),
    },
    RequestState: {
        RequestState.REQUESTED: ("待审批", "waits for a decision"),
        RequestState.APPROVED: ("已批准", "approved"),
        RequestState.REFUSED: ("不予批准", "refused"),
        RequestState.WITHDRAWN: ("已撤回", "withdrawn"),
    },
    LeaveReportKind: {
        LeaveReportKind.DEPARTURE: ("出发", "departure"),
        LeaveReportKind.ARRIVAL: ("到达", "arrival"),
        LeaveReportKind.UNDERWAY: ("在外报告", "report while away"),
        LeaveReportKind.RETURN: ("销假", "return"),
    },
    RoundState: {
        RoundState.OPEN: ("待完成", "open"),
        RoundState.SIGNED: ("已签字", "signed"),
        RoundState.SKIPPED: ("未执行（系统停机）", "skipped (the service was down)"),
    },
    Finding: {
        Finding.IN_PLACE: ("在规定范围内", "where she must be"),
        Finding.OUT_OF_PLACE: ("不在规定范围内", "not where she must be"),
        Finding.ON_LEAVE: ("已批准外出", "on approved leave"),
        Finding.REACHED: ("已联系上本人", "reached otherwise"),
        Finding.NOT_REACHED: ("无法联系", "not reached"),
        Finding.DEVICE_PROBLEM: ("设备问题", "a problem of the device"),
    },
    ClockKind: {ClockKind.REPORTING_IN: ("报到期限", "reporting in"), ClockKind.OUT_OF_CONTACT: ("脱离监管", "off supervision")},
    SearchStepKind: {
        SearchStepKind.PHONE: ("通信联络", "contact by phone"),
        SearchStepKind.CHECK: ("信息化核查", "information-based verification"),
        SearchStepKind.VISIT: ("实地查访", "visit"),
        SearchStepKind.FAMILY: ("询问家属、保证人", "asking family or surety"),
        SearchStepKind.POLICE: ("通知公安机关协助查找", "police asked to assist"),
        SearchStepKind.PROCURATORATE: ("通报人民检察院", "procuratorate told"),
        SearchStepKind.OTHER: ("其他", "other"),
    },
    SearchOutcome: {
        SearchOutcome.FOUND: ("已查找到", "found"),
        SearchOutcome.CUSTODY: ("被限制人身自由", "in custody elsewhere"),
        SearchOutcome.DECEASED: ("死亡", "deceased"),
        SearchOutcome.NOT_FOUND: ("未查找到", "not found"),
    },
    ObjectedTo: {
        ObjectedTo.VIOLATION: ("违规", "a violation"),
        ObjectedTo.MEASURE: ("奖惩", "a measure"),
        ObjectedTo.LEAVE_REQUEST: ("外出审批", "a decision about leave"),
        ObjectedTo.DATA: ("个人信息", "the data held"),
        ObjectedTo.OTHER: ("其他", "something else"),
    },
    ObjectionOutcome: {
        ObjectionOutcome.UPHELD: ("异议成立", "upheld"),
        ObjectionOutcome.PARTLY: ("部分成立", "partly upheld"),
        ObjectionOutcome.REJECTED: ("异议不成立", "rejected"),
    },
}
