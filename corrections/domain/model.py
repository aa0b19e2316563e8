"""The words of the service as values: enumerations, report columns, zones in force, episodes.

Times are int64 microseconds since 1970-01-01 UTC in columns (``fix_us``) and aware UTC datetimes in objects.
Positions are WGS-84 degrees. Lengths are metres, and a signed distance is positive on the *wrong* side of a zone's edge
(outside an inclusion zone, inside an exclusion zone).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

FOREVER_US = 2**62  # a time that never comes

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_us(at: datetime) -> int:
    """Microseconds since 1970-01-01 UTC, exact (float seconds would round)."""
    return (at - EPOCH) // timedelta(microseconds=1)


def from_us(us: int) -> datetime:
    return EPOCH + timedelta(microseconds=int(us))


class Category(StrEnum):
    """矫正类别: the four of the law; others that a bureau looks after are set in the settings and never located."""

    CONTROL = "control"  # 管制
    PROBATION = "probation"  # 缓刑
    PAROLE = "parole"  # 假释
    TEMPORARY = "temporary"  # 暂予监外执行
    RELEASED = "released"  # 安置帮教, not supervised, never located


class Level(StrEnum):
    """管理类别."""

    STRICT = "strict"  # 严管
    GENERAL = "general"  # 普管
    LENIENT = "lenient"  # 宽管


class SubjectStatus(StrEnum):
    """Only ``ACTIVE`` is monitored; the others end monitoring by themselves."""

    ACTIVE = "active"
    ENDED = "ended"  # 解除矫正
    CUSTODY = "custody"  # 被限制人身自由
    DECEASED = "deceased"


class Role(StrEnum):
    OFFICER = "officer"  # 工作人员
    OFFICE_HEAD = "office_head"  # 司法所所长
    BUREAU = "bureau"  # 区司法局
    AUDITOR = "auditor"  # 审计员
    ADMINISTRATOR = "administrator"  # 管理员


class ZoneKind(StrEnum):
    INCLUSION = "inclusion"  # 活动范围
    EXCLUSION = "exclusion"  # 禁止区域


class Scope(StrEnum):
    """Whom a zone binds."""

    SUBJECT = "subject"
    LEVEL = "level"
    OFFICE = "office"
    EVERYONE = "everyone"


class Datum(StrEnum):
    WGS84 = "WGS84"
    GCJ02 = "GCJ02"
    BD09 = "BD09"
    CGCS2000 = "CGCS2000"


class Source(StrEnum):
    """What a fix was taken from, as far as the client says."""

    SATELLITE = "gps"
    WIFI = "wifi"
    CELL = "cell"
    UNKNOWN = ""


SOURCES = (Source.UNKNOWN, Source.SATELLITE, Source.WIFI, Source.CELL)  # position = code in columns and in the store


class Side(StrEnum):
    """Three answers, not two."""

    RIGHT = "right"  # where the subject must be
    WRONG = "wrong"
    UNKNOWN = "unknown"


class Rule(StrEnum):
    BOUNDARY = "boundary"  # 越界 / 进入禁止区域
    SILENCE = "silence"  # 失去联系: no contact
    NO_POSITION = "no_position"  # in contact, but no position
    MOCK_LOCATION = "mock_location"  # 疑似虚假定位
    APPROACH = "approach"  # 接近禁止区域
    OVERDUE_RETURN = "overdue_return"  # 逾期未归: outside when a leave was over
    IMPLAUSIBLE_MOVEMENT = "implausible_movement"  # 位移异常
    LEFT_BEHIND = "left_behind"  # 疑似人机分离: the phone without the person
    TOGETHER = "together"  # 违反禁止接触
    LOW_BATTERY = "low_battery"  # 电量低
    PERMISSION_OFF = "permission_off"  # 定位权限关闭
    MISSED_CHECK_IN = "missed_check_in"  # 未按要求签到


class Nature(StrEnum):
    """Technical causes and conduct are told apart everywhere."""

    CONDUCT = "conduct"
    TECHNICAL = "technical"


CONDUCT = frozenset({Rule.BOUNDARY, Rule.MOCK_LOCATION, Rule.APPROACH, Rule.OVERDUE_RETURN, Rule.LEFT_BEHIND, Rule.TOGETHER})
"""Rules about what a subject may have done; all others are about technology and never by themselves a breach."""


class ClientState(StrEnum):
    """What a phone's client says about itself beside its position."""

    NOTHING = ""
    PERMISSION_OFF = "permission_off"  # the app may not read the location
    LOCATION_OFF = "location_off"  # location is switched off on the phone
    STOPPED = "stopped"  # tracking was stopped, or the app closed
    POWER_SAVE = "power_save"
    ALLOWED = "allowed"  # the app may read the location


class AskReason(StrEnum):
    """Why a fresh fix is asked for."""

    UNCERTAIN = "uncertain"
    OFFICER = "officer"
    ROUND = "round"  # a check round found the last one too old


class Recipient(StrEnum):
    """Whom a notice is for."""

    SUBJECT = "subject"
    OFFICER = "officer"
    OFFICE_HEAD = "office_head"
    BUREAU = "bureau"


class NoticeKind(StrEnum):
    SILENCE = "silence"
    SEARCH = "search"  # 查找
    LOW_BATTERY = "low_battery"
    PERMISSION_OFF = "permission_off"
    ASSIGNED = "assigned"  # a violation has come into her queue
    DUE_SOON = "due_soon"
    ESCALATED = "escalated"
    HANDED_OVER = "handed_over"
    WATCHED = "watched"  # something happened to what she watches
    SECOND_WANTED = "second_wanted"  # a proposal waits for a second officer
    ROUND_OPENED = "round_opened"
    ROUND_DUE_SOON = "round_due_soon"
    ROUND_ESCALATED = "round_escalated"
    CHECK_IN = "check_in"  # the subject is asked to check in
    LEAVE_REQUESTED = "leave_requested"
    LEAVE_DECIDED = "leave_decided"
    LEAVE_OVERDUE = "leave_overdue"  # not signed back in
    CLOCK = "clock"  # a legal term has reached an edge
    TERM_ENDED = "term_ended"
    OBJECTION = "objection"
    UNDELIVERED = "undelivered"  # messages over a channel were given up


class FlagKind(StrEnum):
    """Doubts about a device."""

    GCJ02_OFFSET = "gcj02_offset"  # positions lie where GCJ-02 would put them
    BD09_OFFSET = "bd09_offset"


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    GRAVE = "grave"


class ReviewState(StrEnum):
    QUEUED = "queued"  # 待核查
    CLAIMED = "claimed"  # 核查中
    DECIDED = "decided"  # 已办结
    WITHDRAWN = "withdrawn"  # later evidence took it back before anybody decided


class Decision(StrEnum):
    CONFIRMED = "confirmed"  # 属实
    FALSE_ALARM = "false_alarm"  # 误报, with a cause
    AUTHORISED_ABSENCE = "authorised_absence"  # 已批准外出
    REASONABLE_EXCUSE = "reasonable_excuse"  # 有正当理由


class FalseAlarmCause(StrEnum):
    POSITION_ERROR = "position_error"  # 定位误差
    DEVICE_FAULT = "device_fault"  # 设备故障
    ZONE_ERROR = "zone_error"  # 围栏有误
    REGISTER_ERROR = "register_error"  # 登记有误
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Window:
    """A recurring span of local time in which a zone binds; ``until`` at or before ``start`` passes midnight.

    ``weekdays`` are those on which the window *begins* (Monday 0). ``start == until`` is a whole day.
    """

    start: time
    until: time
    weekdays: frozenset[int] = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class ZoneVersion:
    """One immutable version of a zone, as judged against. ``wkb`` is the WGS-84 (lon, lat) polygon or multipolygon.

    In force for fixes with ``valid_from_us <= fix_us < valid_until_us``; ``windows`` empty means all day.
    """

    id: int
    zone_id: int
    version: int
    name: str
    kind: ZoneKind
    severity: Severity
    wkb: bytes
    windows: tuple[Window, ...] = ()
    valid_from_us: int = -FOREVER_US
    valid_until_us: int = FOREVER_US


@dataclass(slots=True)
class Reports:
    """Columns of fixes, all of one length ``n``, ordered by (subject, fix_us, digest).

    ``digest`` identifies the measured content, so the order of equal fix times is the same whatever came first.
    ``accuracy_m`` is the claimed 68 % radius, nan where none was claimed. ``source`` indexes ``SOURCES``.
    """

    subject: Ints
    fix_us: Ints
    digest: Ints
    lat: Floats
    lon: Floats
    accuracy_m: Floats
    source: Ints
    received_us: Ints
    mock: Bools
    device: Ints

    def __len__(self) -> int:
        return len(self.subject)

    def take(self, index: Any) -> Reports:
        """The rows that ``index`` (positions or a mask) picks."""
        return Reports(**{name: getattr(self, name)[index] for name in self.__dataclass_fields__})

    def ordered(self) -> Reports:
        """The same rows in the order that everything downstream relies on."""
        return self.take(np.lexsort((self.digest, self.fix_us, self.subject)))


@dataclass(slots=True)
class Fix:
    """One deciding fix as evidence: what was measured and what it meant."""

    fix_us: int
    digest: int
    lat: float
    lon: float
    accuracy_m: float | None
    distance_m: float  # signed, positive on the wrong side
    certainty: float  # that the subject is on the wrong side, after this fix
    doubt: float = 0.0  # how probably this very fix is wrong


@dataclass(slots=True)
class Against:
    """What spoke against an episode: how many of its fixes lay on the right side, could have lain there by their radius, or were more
    probably wrong than right."""

    right_side: int = 0
    coarse: int = 0
    doubtful: int = 0


@dataclass(slots=True)
class Episode:
    """A spell in breach of one rule by one subject, as derived from reports in order of fix time.

    ``started_us`` is the fix that began it, ``opened_us`` the fix that made it certain enough, ``ended_us`` the fix (or the end
    of the window) that ended it, None while it lasts. ``window_us`` is the start of the window it belongs to, which tells a second
    night from the first, ``window_ends_us`` when it ends by itself (2**62: never). ``zone_id`` and ``zone_version_id`` are 0 for
    rules without a zone, ``other_id`` is the other subject of a contact ban, else 0. ``evidence`` holds the first fixes, the one
    that opened it, the deepest and the last. ``course`` is (fix time, signed metres, certainty) over the episode,
    one of ``thinned`` of all ``charted``.
    """

    rule: Rule
    zone_id: int
    zone_version_id: int
    started_us: int
    opened_us: int
    ended_us: int | None
    last_us: int
    window_us: int
    window_ends_us: int
    peak_certainty: float
    peak_distance_m: float
    fixes: int
    first: list[Fix] = field(default_factory=list)
    opening: Fix | None = None
    deepest: Fix | None = None
    last: Fix | None = None
    other_id: int = 0
    course: list[tuple[int, float, float]] = field(default_factory=list)
    thinned: int = 1
    charted: int = 0
    against: Against = field(default_factory=Against)

    @property
    def evidence(self) -> list[Fix]:
        """The fixes kept as evidence, in order of fix time, each once."""
        kept = [*self.first, *(fix for fix in (self.opening, self.deepest, self.last) if fix is not None)]
        unique = {(fix.fix_us, fix.digest): fix for fix in kept}
        return [unique[key] for key in sorted(unique)]
