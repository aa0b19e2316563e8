"""The words of what people do about subjects: measures, leave, check rounds, legal terms, searches, objections."""

from __future__ import annotations

from enum import StrEnum


class MeasureKind(StrEnum):
    """考核奖惩, lightest first."""

    COMMENDATION = "commendation"  # 表扬
    ADMONITION = "admonition"  # 训诫
    WARNING = "warning"  # 警告
    SECURITY_PENALTY = "security_penalty"  # 提请治安管理处罚
    REVOKE_PROBATION = "revoke_probation"  # 提请撤销缓刑
    REVOKE_PAROLE = "revoke_parole"  # 提请撤销假释
    IMPRISON = "imprison"  # 提请收监执行


class ProposalState(StrEnum):
    PROPOSED = "proposed"  # 待复核: waits for the second officer
    SECONDED = "seconded"  # 已复核: the paper may go out
    REFUSED = "refused"  # by the second officer
    WITHDRAWN = "withdrawn"  # by her who proposed it
    GRANTED = "granted"  # by the body that decides
    DISMISSED = "dismissed"  # by the body that decides


class AttachedTo(StrEnum):
    """What an attachment belongs to."""

    VIOLATION = "violation"
    STATEMENT = "statement"
    LEAVE_REQUEST = "leave_request"
    SEARCH = "search"
    CHECK_ENTRY = "check_entry"


class LeaveKind(StrEnum):
    LEAVE = "leave"  # 外出
    REGULAR = "regular"  # 经常性跨市、县活动


class LeaveReason(StrEnum):
    MEDICAL = "medical"  # 就医
    STUDY = "study"  # 就学
    LITIGATION = "litigation"  # 参与诉讼
    FAMILY = "family"  # 处理家庭重要事务
    WORK = "work"  # 处理工作重要事务
    OTHER = "other"


class ApprovalRank(StrEnum):
    """Who decides about a leave."""

    OFFICE = "office"  # 司法所, where it is delegated
    COUNTY = "county"  # 县级社区矫正机构
    SUPERIOR = "superior"  # 上一级社区矫正机构


class RequestState(StrEnum):
    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class LeaveReportKind(StrEnum):
    DEPARTURE = "departure"
    ARRIVAL = "arrival"
    UNDERWAY = "underway"
    RETURN = "return"  # 销假


class RoundState(StrEnum):
    OPEN = "open"
    SIGNED = "signed"
    SKIPPED = "skipped"  # its moment passed while the service was down, and a later one took its place


class CheckInState(StrEnum):
    """Where a check-in stands."""

    OPEN = "open"
    ANSWERED = "answered"
    MISSED = "missed"
    SKIPPED = "skipped"  # she was not asked; a NotAsked says why


class NotAsked(StrEnum):
    """Why a subject was not asked to check in when a schedule had it."""

    NOT_MONITORED = "not_monitored"  # she may not be located now: no authority, in custody, outside her term
    OUTAGE = "outage"  # this service was itself down
    ASKED = "asked"  # she was being asked already


class Unlocated(StrEnum):
    """Why a round shows no position of a subject."""

    CUSTODY = "custody"
    NEVER_LOCATED = "never_located"  # her category is not
    NO_AUTHORITY = "no_authority"
    NO_POSITION = "no_position"  # none has come in yet


class Finding(StrEnum):
    """What an officer found of a subject in a round."""

    IN_PLACE = "in_place"  # 在规定范围内
    OUT_OF_PLACE = "out_of_place"  # 不在规定范围内
    ON_LEAVE = "on_leave"  # 已批准外出
    REACHED = "reached"  # no position that tells, but she was reached otherwise
    NOT_REACHED = "not_reached"  # 无法联系
    DEVICE_PROBLEM = "device_problem"  # 设备问题


class ClockKind(StrEnum):
    """Terms that a person starts."""

    REPORTING_IN = "reporting_in"  # 报到
    OUT_OF_CONTACT = "out_of_contact"  # 脱离监管


class SearchStepKind(StrEnum):
    PHONE = "phone"  # 通信联络
    CHECK = "check"  # 信息化核查
    VISIT = "visit"  # 实地查访
    FAMILY = "family"  # 询问家属、保证人
    POLICE = "police"  # 通知公安机关协助查找
    PROCURATORATE = "procuratorate"  # 通报人民检察院
    OTHER = "other"


class SearchOutcome(StrEnum):
    FOUND = "found"
    CUSTODY = "custody"  # held elsewhere
    DECEASED = "deceased"
    NOT_FOUND = "not_found"


class ObjectedTo(StrEnum):
    """What a subject objects to."""

    VIOLATION = "violation"
    MEASURE = "measure"
    LEAVE_REQUEST = "leave_request"
    DATA = "data"
    OTHER = "other"


class ObjectionOutcome(StrEnum):
    UPHELD = "upheld"  # 异议成立
    PARTLY = "partly"
    REJECTED = "rejected"  # 异议不成立
