"""The tables, in the words of the design. Every row of data belongs to one office, and an office to one bureau.

Enumerations are stored as their text values. ``bureau_id`` stands in every hot table: it is the key by which a nation's
data is spread over hosts.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, SmallInteger, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from corrections.store.types import Json, UTCDateTime

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# SQLite counts rowids only in INTEGER columns; PostgreSQL needs 64 bits.
Id = BigInteger().with_variant(Integer, "sqlite")


def _when(*, null: bool = False, index: bool = False) -> Any:
    return Field(default=None, sa_column=Column(UTCDateTime, nullable=null, index=index))


def _ref(table: str, *, null: bool = False, index: bool = True) -> Any:
    return Field(default=None, sa_column=Column(Id, ForeignKey(f"{table}.id"), nullable=null, index=index))


def _key() -> Any:
    return Field(default=None, sa_column=Column(Id, primary_key=True, autoincrement=True))


def _json(default: type = dict) -> Any:
    return Field(default_factory=default, sa_column=Column(Json, nullable=False))


# ---- the tree of places of work, and who works there


class Bureau(SQLModel, table=True):
    """司法局. Its offices, and the time zone in which its days and windows are counted."""

    id: int | None = _key()
    code: str = Field(unique=True)
    name: str
    name_en: str = ""
    timezone: str = "Asia/Shanghai"


class Office(SQLModel, table=True):
    """司法所."""

    id: int | None = _key()
    bureau_id: int = _ref("bureau")
    code: str = Field(unique=True)
    name: str
    name_en: str = ""


class Officer(SQLModel, table=True):
    """工作人员. ``absent_until`` in the future sends her new violations to ``deputy_id``."""

    id: int | None = _key()
    office_id: int = _ref("office")
    login: str = Field(unique=True)
    name: str
    role: str
    password_hash: str = ""
    active: bool = True
    deputy_id: int | None = _ref("officer", null=True)
    absent_until: datetime | None = _when(null=True)


class LoginSession(SQLModel, table=True):
    """A logged-in officer; the token itself is never stored."""

    __tablename__ = "login_session"
    token_hash: str = Field(primary_key=True)
    officer_id: int = _ref("officer")
    created_at: datetime = _when()
    last_used_at: datetime = _when()
    expires_at: datetime = _when(index=True)


class Gateway(SQLModel, table=True):
    """Another system that may send reports for the devices of one bureau."""

    id: int | None = _key()
    bureau_id: int = _ref("bureau")
    name: str
    credential_hash: str = Field(unique=True)
    active: bool = True


# ---- the register


class Subject(SQLModel, table=True):
    """社区矫正对象. ``number`` is the bureau's own (社区矫正对象编号)."""

    id: int | None = _key()
    bureau_id: int = _ref("bureau")
    office_id: int = _ref("office")
    number: str = Field(unique=True)
    name: str
    category: str
    level: str
    minor: bool = False
    status: str = "active"
    status_from: datetime | None = _when(null=True)
    officer_id: int | None = _ref("officer", null=True)
    term_from: datetime = _when()
    term_until: datetime = _when()
    phone: str = ""


class Authority(SQLModel, table=True):
    """The legal basis under which a subject's location may be processed, in ``[valid_from, valid_until)``."""

    id: int | None = _key()
    subject_id: int = _ref("subject")
    basis: str
    scope: str = "location"
    valid_from: datetime = _when()
    valid_until: datetime = _when()
    approved_by: str
    approved_on: datetime = _when()
    revoked_at: datetime | None = _when(null=True)


class Device(SQLModel, table=True):
    """定位设备: a phone or band, with its own credential (stored hashed) and the interval at which it should report."""

    id: int | None = _key()
    subject_id: int = _ref("subject")
    identifier: str = Field(unique=True)
    credential_hash: str = Field(unique=True)
    client: str = ""
    datum: str = "WGS84"
    interval_s: int = 600
    active: bool = True


class Zone(SQLModel, table=True):
    """电子围栏: a name that its versions share. ``retired_at`` ends it."""

    id: int | None = _key()
    bureau_id: int = _ref("bureau")
    code: str = Field(unique=True)
    name: str
    kind: str


class ZoneRevision(SQLModel, table=True):
    """One version of a zone, never edited. A newer one sets ``valid_until`` of the one before, and nothing else."""

    __tablename__ = "zone_revision"
    __table_args__ = (UniqueConstraint("zone_id", "version"),)
    id: int | None = _key()
    zone_id: int = _ref("zone")
    version: int
    scope: str
    subject_id: int | None = _ref("subject", null=True)
    level: str | None = None
    office_id: int | None = _ref("office", null=True)
    severity: str = "medium"
    outline: bytes = Field(sa_column=Column(LargeBinary, nullable=False))  # WKB, WGS-84 (lon, lat)
    source: dict[str, Any] = _json()  # as given: datum, shape (polygon, circle, corridor) and its numbers
    windows: list[dict[str, Any]] = _json(list)
    valid_from: datetime = _when()
    valid_until: datetime | None = _when(null=True)
    published_by: str = ""
    published_at: datetime = _when()


class LeavePermit(SQLModel, table=True):
    """外出请假: an approved leave. While it lasts, being outside an inclusion zone is no violation inside ``outline``
    (anywhere, when it has none)."""

    __tablename__ = "leave_permit"
    id: int | None = _key()
    subject_id: int = _ref("subject")
    destination: str
    outline: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    valid_from: datetime = _when()
    valid_until: datetime = _when()
    approved_by: str
    approved_at: datetime = _when()
    revoked_at: datetime | None = _when(null=True)


# ---- what comes in


class Report(SQLModel, table=True):
    """定位上报: one fix, or one contact without a position (``lat`` is null). Append-only.

    ``id`` grows in the order of commits and is the place in the stream that the monitor follows.
    ``digest`` identifies device and measured content, so that a repeated report finds itself here.
    """

    __table_args__ = (
        Index("uq_report_subject_id_fix_time_digest", "subject_id", "fix_time", "digest", unique=True),
        Index("ix_report_bureau_id_id", "bureau_id", "id"),
    )
    id: int | None = _key()
    bureau_id: int = Field(sa_column=Column(Integer, nullable=False))
    subject_id: int = Field(sa_column=Column(Id, nullable=False))
    device_id: int = Field(sa_column=Column(Id, nullable=False))
    fix_time: datetime = _when()
    digest: int = Field(sa_column=Column(BigInteger, nullable=False))
    received_at: datetime = _when()
    lat: float | None = None
    lon: float | None = None
    accuracy_m: float | None = None
    source: int = Field(default=0, sa_column=Column(SmallInteger, nullable=False))
    datum: str = "WGS84"
    altitude_m: float | None = None
    speed_mps: float | None = None
    course_deg: float | None = None
    battery_pct: float | None = None
    charging: bool | None = None
    client_state: str = Field(default="", sa_column_kwargs={"server_default": ""})  # a model.ClientState
    mock: bool = False
    wire: str = ""
    raw: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class SetAside(SQLModel, table=True):
    """A message that was authentic but could not be used, or whose sender is unknown: visible, counted, never silently lost.

    ``digest`` identifies device, reason and content, so that a repeated message only moves ``last_at`` and ``count``. Without a
    valid authority only the fact is kept: ``raw`` stays empty, and the digest is that of the device and the day.
    """

    __tablename__ = "set_aside"
    id: int | None = _key()
    digest: int = Field(sa_column=Column(BigInteger, nullable=False, unique=True))
    received_at: datetime = _when(index=True)
    last_at: datetime = _when()
    count: int = 1
    device_id: int | None = _ref("device", null=True)
    subject_id: int | None = _ref("subject", null=True)
    wire: str = ""
    reason: str = Field(index=True)
    detail: str = ""
    raw: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))


# ---- the monitor's place and memory


class StreamPosition(SQLModel, table=True):
    """How far the monitor has read a bureau's reports. The row lock on it is the right to evaluate that bureau."""

    __tablename__ = "stream_position"
    bureau_id: int = Field(sa_column=Column(Id, ForeignKey("bureau.id"), primary_key=True, autoincrement=False))
    position: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))


class SubjectState(SQLModel, table=True):
    """What is known of a subject after the last evaluated report; one row a subject.

    ``expected_by`` is when silence becomes a matter and the subject is reminded; once she was, when it enters the officer's queue
    (null: nothing is expected). The next rung of the ladder of a silence in progress is a time of its violation (``rung_due_at``).
    ``revise_from`` asks for a new derivation
    from that fix time on (a zone, leave or authority was changed for the past). ``fault`` is why this subject was set aside.
    """

    __tablename__ = "subject_state"
    subject_id: int = Field(sa_column=Column(Id, ForeignKey("subject.id"), primary_key=True, autoincrement=False))
    bureau_id: int = Field(sa_column=Column(Id, nullable=False, index=True))
    fix_time: datetime | None = _when(null=True)
    digest: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    memory: bytes = Field(default=b"", sa_column=Column(LargeBinary, nullable=False))
    lat: float | None = None
    lon: float | None = None
    accuracy_m: float | None = None
    side: str = "unknown"
    certainty: float | None = None  # the highest, over the zones that bound at the last fix, that she was on the wrong side
    uncertain_since: datetime | None = _when(null=True)  # fix time from which on one cannot tell
    battery_pct: float | None = None
    low_battery_since: datetime | None = _when(null=True)  # received time; null: not low
    permission_off_since: datetime | None = _when(null=True)  # received time; null: not known to be withdrawn
    patterns_from: datetime | None = _when(null=True, index=True)  # fix time from which on patterns are to be derived
    last_contact_at: datetime | None = _when(null=True)
    last_position_at: datetime | None = _when(null=True)  # received time of the last contact that held a position
    expected_by: datetime | None = _when(null=True, index=True)
    revise_from: datetime | None = _when(null=True)
    fault: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    fault_at: datetime | None = _when(null=True)


class Checkpoint(SQLModel, table=True):
    """The monitor's memory of a subject just before a local day's first fix: where late evidence starts over."""

    subject_id: int = Field(sa_column=Column(Id, ForeignKey("subject.id"), primary_key=True, autoincrement=False))
    fix_time: datetime = Field(sa_column=Column(UTCDateTime, primary_key=True))
    memory: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class FixRequest(SQLModel, table=True):
    """A wish for a fresh fix, because one cannot tell where a subject is or because an officer asks. ``told_at`` is when her phone was
    told, where it can be; ``answered_at`` when a fix measured after the asking came in."""

    __tablename__ = "fix_request"
    id: int | None = _key()
    subject_id: int = _ref("subject")
    reason: str  # model.AskReason
    asked_at: datetime = _when()
    asked_by: int | None = _ref("officer", null=True, index=False)  # null: the service itself
    expires_at: datetime = _when(index=True)
    told_at: datetime | None = _when(null=True)
    answered_at: datetime | None = _when(null=True)


class Notice(SQLModel, table=True):
    """提醒: what a person is to be told, in both languages: a subject (by whoever can reach her), an officer or an office head.
    ``done_at`` is when it was told or had become needless."""

    id: int | None = _key()
    subject_id: int = _ref("subject")
    recipient: str  # model.Recipient
    officer_id: int | None = _ref("officer", null=True)
    violation_id: int | None = _ref("violation", null=True)
    kind: str  # model.NoticeKind
    text_zh: str
    text_en: str
    at: datetime = _when(index=True)
    done_at: datetime | None = _when(null=True)
    done_by: int | None = _ref("officer", null=True, index=False)  # null: the service itself, it had become needless


class ContactBan(SQLModel, table=True):
    """禁止接触: an order that two subjects keep apart; never edited, only revoked. They are together when less than ``distance_m``
    apart for ``minutes``."""

    __tablename__ = "contact_ban"
    id: int | None = _key()
    bureau_id: int = _ref("bureau")
    subject_id: int = _ref("subject")
    other_id: int = _ref("subject")
    basis: str
    distance_m: float
    minutes: float
    valid_from: datetime = _when()
    valid_until: datetime | None = _when(null=True)
    approved_by: str
    approved_at: datetime = _when()
    revoked_at: datetime | None = _when(null=True)


class DeviceFlag(SQLModel, table=True):
    """设备疑点: a technical doubt about a device that an officer should settle; ``kind`` is a model.FlagKind, ``detail`` its figures."""

    __tablename__ = "device_flag"
    id: int | None = _key()
    device_id: int = _ref("device")
    subject_id: int = _ref("subject")
    kind: str
    since: datetime = _when()
    until: datetime | None = _when(null=True)
    detail: dict[str, Any] = _json()


class Outage(SQLModel, table=True):
    """A span in which this service itself was down: nobody was missing then."""

    id: int | None = _key()
    began_at: datetime = _when()
    ended_at: datetime = _when()


class AreaSilence(SQLModel, table=True):
    """A span in which so many of a bureau's subjects fell silent at once that it is one matter, a loss of the network most
    likely, and not many. ``subjects`` is how many; ``ended_at`` null while it lasts."""

    __tablename__ = "area_silence"
    id: int | None = _key()
    bureau_id: int = _ref("bureau")
    began_at: datetime = _when()
    ended_at: datetime | None = _when(null=True)
    subjects: int = 0


class RuleSettings(SQLModel, table=True):
    """The settings of the boundary rule in force for what was measured from ``valid_from`` on, until the next row's."""

    __tablename__ = "rule_settings"
    id: int | None = _key()
    valid_from: datetime = _when()
    boundary: dict[str, Any] = _json()


class Pulse(SQLModel, table=True):
    """The last sign of life of each process, by which its own outages are known."""

    process: str = Field(primary_key=True)
    at: datetime = _when()


# ---- violations and their review


class Violation(SQLModel, table=True):
    """违规: one episode of one rule for one subject, and where its review stands.

    ``revision`` counts changes; every change of review names the revision it comes from (compare and set).
    ``new_evidence`` marks that late reports changed it after somebody had seen it.
    """

    __table_args__ = (
        Index("ix_violation_queue", "officer_id", "review_state", "due_at"),
        Index("ix_violation_subject_id_started_at", "subject_id", "started_at"),
        Index(
            "uq_violation_open",
            "subject_id",
            "rule",
            "zone_id",
            "other_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL AND review_state <> 'withdrawn'"),
            postgresql_where=text("ended_at IS NULL AND review_state <> 'withdrawn'"),
        ),
    )
    id: int | None = _key()
    bureau_id: int = Field(sa_column=Column(Id, nullable=False))
    office_id: int = _ref("office")
    subject_id: int = _ref("subject", index=False)
    rule: str
    nature: str
    severity: str
    zone_id: int = Field(default=0, sa_column=Column(Id, nullable=False))  # 0: no zone, so that the unique key sees it
    zone_revision_id: int | None = _ref("zone_revision", null=True, index=False)
    other_id: int = Field(default=0, sa_column=Column(Id, nullable=False, server_default="0"))  # of a contact ban
    started_at: datetime = _when()
    opened_at: datetime = _when()
    ended_at: datetime | None = _when(null=True)
    ends_at: datetime | None = _when(null=True, index=True)  # when the window it belongs to closes it by itself
    last_fix_at: datetime = _when()
    detected_at: datetime = _when()
    evidence: dict[str, Any] = _json()
    reason_zh: str = ""
    reason_en: str = ""
    review_state: str = "queued"
    officer_id: int | None = _ref("officer", null=True, index=False)
    claimed_by: int | None = _ref("officer", null=True, index=False)
    due_at: datetime = _when()
    decision: str | None = None
    cause: str | None = None
    decided_by: int | None = _ref("officer", null=True, index=False)
    decided_at: datetime | None = _when(null=True)
    new_evidence: bool = False
    rung: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  # of the ladder of a silence: how many steps were taken
    rung_due_at: datetime | None = _when(null=True, index=True)  # when the next one is due
    revision: int = 1


class ReviewEvent(SQLModel, table=True):
    """What happened to a violation, by whom: detected, assigned, claimed, noted, contacted, handed over, decided, reopened,
    revised. Append-only."""

    __tablename__ = "review_event"
    id: int | None = _key()
    violation_id: int = _ref("violation")
    at: datetime = _when()
    officer_id: int | None = _ref("officer", null=True, index=False)  # null: the service itself
    kind: str
    content: dict[str, Any] = _json()


# ---- the record


class LogEntry(SQLModel, table=True):
    """An officer's own entry in the supervision log: a visit, a talk, a report, education."""

    __tablename__ = "log_entry"
    id: int | None = _key()
    subject_id: int = _ref("subject")
    day: str = Field(index=True)  # the bureau's local date, YYYY-MM-DD
    at: datetime = _when()
    officer_id: int = _ref("officer")
    kind: str
    content: str


class LogDay(SQLModel, table=True):
    """监管日志 of one subject and local day. ``part`` 0 closes the day; later parts amend it by addition. Append-only."""

    __tablename__ = "log_day"
    __table_args__ = (UniqueConstraint("subject_id", "day", "part"),)
    id: int | None = _key()
    subject_id: int = _ref("subject")
    day: str
    part: int = 0
    written_at: datetime = _when()
    content: dict[str, Any] = _json()


class AuditEvent(SQLModel, table=True):
    """审计记录: who did or saw what, whose, when and why; each bound to the one before by hash."""

    __tablename__ = "audit_event"
    id: int | None = _key()
    at: datetime = _when(index=True)
    actor: str
    action: str
    subject_id: int | None = Field(default=None, sa_column=Column(Id, nullable=True, index=True))
    purpose: str = ""
    origin: str = ""
    detail: dict[str, Any] = _json()
    previous_hash: str = ""
    hash: str = ""


metadata = SQLModel.metadata
