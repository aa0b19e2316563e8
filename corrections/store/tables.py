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
    """工作人员. While she is absent her work goes to ``deputy_id``, unless the absence names another. ``addresses`` is where each channel
    of notification reaches her, by the channel's name."""

    id: int | None = _key()
    office_id: int = _ref("office")
    login: str = Field(unique=True)
    name: str
    role: str
    password_hash: str = ""
    active: bool = True
    deputy_id: int | None = _ref("officer", null=True)
    addresses: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False, server_default="{}"))


class Absence(SQLModel, table=True):
    """An officer is away in ``[starts_at, ends_at)``: leave, illness, training. ``deputy_id`` null: her standing deputy."""

    id: int | None = _key()
    officer_id: int = _ref("officer")
    starts_at: datetime = _when()
    ends_at: datetime = _when(index=True)
    deputy_id: int | None = _ref("officer", null=True, index=False)
    reason: str = ""
    recorded_by: int | None = _ref("officer", null=True, index=False)  # null: the operator
    recorded_at: datetime = _when()
    revoked_at: datetime | None = _when(null=True)


class Duty(SQLModel, table=True):
    """值班: who is on call in ``[starts_at, ends_at)``, for one office or (null) all of the bureau's, which she may see meanwhile."""

    id: int | None = _key()
    bureau_id: int = _ref("bureau")
    office_id: int | None = _ref("office", null=True)
    officer_id: int = _ref("officer")
    starts_at: datetime = _when()
    ends_at: datetime = _when(index=True)
    recorded_by: int | None = _ref("officer", null=True, index=False)
    recorded_at: datetime = _when()
    revoked_at: datetime | None = _when(null=True)


class LoginSession(SQLModel, table=True):
    """A logged-in officer; the token itself is never stored. ``purpose`` is why she looks at locations, as she said; ``map_read_at`` when
    her look at the map was last recorded."""

    __tablename__ = "login_session"
    token_hash: str = Field(primary_key=True)
    officer_id: int = _ref("officer")
    created_at: datetime = _when()
    last_used_at: datetime = _when()
    expires_at: datetime = _when(index=True)
    purpose: str = Field(default="", sa_column_kwargs={"server_default": ""})
    map_read_at: datetime | None = _when(null=True)


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
    term_until: datetime = _when(index=True)
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
    windows: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(Json, nullable=False, server_default="[]"))


class LeaveRequest(SQLModel, table=True):
    """外出申请 of one leave, or of regular cross-area activity within ``windows``; an approval makes the permit. ``days`` and
    ``total_days`` (with the leave of the two months before) are what ``rank``, the level that decides, follows from."""

    __tablename__ = "leave_request"
    id: int | None = _key()
    bureau_id: int = _ref("bureau")
    office_id: int = _ref("office")
    subject_id: int = _ref("subject")
    kind: str  # casework.LeaveKind
    reason: str  # casework.LeaveReason
    details: str = ""
    destination: str
    outline: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))  # area and route, WKB, WGS-84 (lon, lat)
    windows: list[dict[str, Any]] = _json(list)
    leaves_at: datetime = _when()
    returns_at: datetime = _when()
    days: int
    total_days: int
    rank: str  # casework.ApprovalRank
    conditions: str = ""
    state: str = Field(default="requested", index=True)  # casework.RequestState
    requested_at: datetime = _when()
    requested_by: int | None = _ref("officer", null=True, index=False)  # null: the subject herself
    due_at: datetime = _when(index=True)  # by when it must be decided
    tell_at: datetime | None = _when(null=True, index=True)  # when the next higher level is told that it was not; null: it was, or is over
    late: bool = False  # asked for later than is usual
    decided_by: int | None = _ref("officer", null=True, index=False)
    decided_at: datetime | None = _when(null=True)
    decision_note: str = ""
    approved_by: str = ""  # the authority that approved, where it is not the bureau itself
    procuratorate_told_at: datetime | None = _when(null=True)
    permit_id: int | None = _ref("leave_permit", null=True)
    extends_id: int | None = _ref("leave_request", null=True, index=False)
    returned_at: datetime | None = _when(null=True)  # 销假
    overdue_at: datetime | None = _when(null=True, index=True)  # when not being back becomes a matter; null: it is settled, or never
    revision: int = 1


class LeaveReport(SQLModel, table=True):
    """What a subject on leave reported: departure, arrival, by the way, return. Append-only."""

    __tablename__ = "leave_report"
    id: int | None = _key()
    request_id: int = _ref("leave_request")
    kind: str  # casework.LeaveReportKind
    at: datetime = _when()
    recorded_at: datetime = _when()
    recorded_by: int | None = _ref("officer", null=True, index=False)  # null: the subject herself
    text: str = ""


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
    """提醒: what a person is to be told, in both languages: a subject (by whoever can reach her), an officer, an office head, the bureau.
    ``done_at`` is when it was told or had become needless."""

    id: int | None = _key()
    bureau_id: int = _ref("bureau")
    office_id: int = _ref("office")
    subject_id: int | None = _ref("subject", null=True)  # null: it is about no single subject (a check round)
    recipient: str  # model.Recipient
    officer_id: int | None = _ref("officer", null=True)
    violation_id: int | None = _ref("violation", null=True)
    about: str = Field(default="", sa_column_kwargs={"server_default": ""})  # what else it is about, as ``round:12``
    severity: str = Field(default="medium", sa_column_kwargs={"server_default": "medium"})
    kind: str  # model.NoticeKind
    text_zh: str
    text_en: str
    at: datetime = _when(index=True)
    dispatch_at: datetime | None = _when(null=True, index=True)  # when to put it on the channels; null: it was, or never will be
    done_at: datetime | None = _when(null=True)
    done_by: int | None = _ref("officer", null=True, index=False)  # null: the service itself, it had become needless


class OutboxMessage(SQLModel, table=True):
    """A message on its way over one channel, written in the transaction of what it tells of, and sent at least once. ``key`` is what
    makes it unique. ``due_at`` is the next attempt; null: it was sent, given up or had become needless."""

    __tablename__ = "outbox_message"
    id: int | None = _key()
    bureau_id: int = _ref("bureau")
    key: str = Field(unique=True)
    channel: str
    officer_id: int | None = _ref("officer", null=True)
    subject_id: int | None = _ref("subject", null=True)
    notice_id: int | None = _ref("notice", null=True)
    severity: str
    reference: str
    text_zh: str
    text_en: str
    digest: bool = False  # waits to be sent together with others
    created_at: datetime = _when()
    due_at: datetime | None = _when(null=True, index=True)
    attempts: int = 0
    sent_at: datetime | None = _when(null=True)
    given_up_at: datetime | None = _when(null=True)
    last_error: str = ""


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
    assigned_why: str = Field(default="", sa_column_kwargs={"server_default": ""})  # on what ground it is hers: an assignment.Why
    claimed_by: int | None = _ref("officer", null=True, index=False)
    due_at: datetime = _when()
    decision: str | None = None
    cause: str | None = None
    decided_by: int | None = _ref("officer", null=True, index=False)
    decided_at: datetime | None = _when(null=True)
    new_evidence: bool = False
    rung: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  # of the ladder of a silence: how many steps were taken
    rung_due_at: datetime | None = _when(null=True, index=True)  # when the next one is due
    matter_id: int = Field(default=0, sa_column=Column(Id, nullable=False, server_default="0", index=True))  # its first violation
    claimed_until: datetime | None = _when(null=True, index=True)  # when the lease of her who claimed it runs out
    remind_at: datetime | None = _when(null=True, index=True)  # when its owner is to be reminded; null: she was, or it is over
    escalation: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  # how many levels it was escalated
    escalated_to: int | None = _ref("officer", null=True)  # who answers for it besides its owner
    escalate_at: datetime | None = _when(null=True, index=True)  # when the next level is due
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


class ViolationWatch(SQLModel, table=True):
    """An officer who wants to be told what happens to a violation that is not hers."""

    __tablename__ = "violation_watch"
    violation_id: int = Field(sa_column=Column(Id, ForeignKey("violation.id"), primary_key=True, autoincrement=False))
    officer_id: int = Field(sa_column=Column(Id, ForeignKey("officer.id"), primary_key=True, autoincrement=False))
    since: datetime = _when()


class StoredFile(SQLModel, table=True):
    """The content of attachments, by its SHA-256 (hexadecimal), each once. Never changed."""

    __tablename__ = "stored_file"
    sha256: str = Field(primary_key=True)
    size: int
    media_type: str
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    stored_at: datetime = _when()


class Attachment(SQLModel, table=True):
    """附件: a photo or document beside a violation, a statement, a leave request, a search or a check; ``about`` is a
    casework.AttachedTo."""

    __table_args__ = (Index("ix_attachment_about_about_id", "about", "about_id"),)
    id: int | None = _key()
    subject_id: int = _ref("subject")
    about: str
    about_id: int = Field(sa_column=Column(Id, nullable=False))
    sha256: str = Field(sa_column=Column(Text, ForeignKey("stored_file.sha256"), nullable=False))
    name: str
    note: str = ""
    added_by: int | None = _ref("officer", null=True, index=False)  # null: the subject herself
    added_at: datetime = _when()


class Statement(SQLModel, table=True):
    """陈述、申辩: what a subject herself says, or that she was heard and declined. Append-only."""

    id: int | None = _key()
    subject_id: int = _ref("subject")
    violation_id: int | None = _ref("violation", null=True)
    taken_at: datetime = _when()
    taken_by: int | None = _ref("officer", null=True, index=False)  # null: she gave it herself, over her own view
    means: str
    declined: bool = False
    text: str
    recorded_at: datetime = _when()


class Proposal(SQLModel, table=True):
    """处理建议: that a measure be taken, on stated facts and grounds. A second officer of the right rank must agree; the body that may
    decides, and what it decided is recorded."""

    id: int | None = _key()
    bureau_id: int = _ref("bureau")
    office_id: int = _ref("office")
    subject_id: int = _ref("subject")
    measure: str  # casework.MeasureKind
    ground: str  # key of the ground in config/legal.toml
    facts: str
    violation_ids: list[int] = _json(list)
    statement_id: int | None = _ref("statement", null=True, index=False)
    state: str = Field(default="proposed", index=True)  # casework.ProposalState
    proposed_by: int = _ref("officer", index=False)
    proposed_at: datetime = _when()
    seconded_by: int | None = _ref("officer", null=True, index=False)
    seconded_at: datetime | None = _when(null=True)
    note: str = ""  # of her who seconded or refused it
    outcome_on: datetime | None = _when(null=True)
    outcome_by: str = ""
    document: str = ""
    revision: int = 1


class Measure(SQLModel, table=True):
    """奖惩: a measure that was taken, by whom and on what day; counted by category."""

    id: int | None = _key()
    subject_id: int = _ref("subject")
    kind: str  # casework.MeasureKind
    category: str  # of the subject on that day
    decided_on: datetime = _when()
    decided_by: str
    document: str = ""
    ground: str = ""
    proposal_id: int | None = _ref("proposal", null=True)
    recorded_by: int | None = _ref("officer", null=True, index=False)
    recorded_at: datetime = _when()
    revoked_at: datetime | None = _when(null=True)
    revoked_reason: str = ""


# ---- location checks


class CheckRound(SQLModel, table=True):
    """定位核查: one officer's look at all her subjects of an office, at a moment of a schedule; signed by her. One a schedule, office,
    officer and moment."""

    __tablename__ = "check_round"
    __table_args__ = (UniqueConstraint("schedule", "office_id", "officer_id", "slot_at"),)
    id: int | None = _key()
    bureau_id: int = _ref("bureau")
    office_id: int = _ref("office")
    officer_id: int = _ref("officer")
    schedule: str  # name of the schedule in config/checks.toml; empty: an officer began it herself
    slot_at: datetime = _when()
    state: str = Field(default="open", index=True)  # casework.RoundState
    opened_at: datetime = _when()
    due_at: datetime = _when()
    note: str = ""
    signed_at: datetime | None = _when(null=True)
    signed_by: int | None = _ref("officer", null=True, index=False)
    remind_at: datetime | None = _when(null=True, index=True)
    escalation: int = 0
    escalated_to: int | None = _ref("officer", null=True, index=False)
    escalate_at: datetime | None = _when(null=True, index=True)
    revision: int = 1


class CheckEntry(SQLModel, table=True):
    """A subject in a round: where and how she stood when it was made (``seen``), and what the officer found."""

    __tablename__ = "check_entry"
    __table_args__ = (UniqueConstraint("round_id", "subject_id"),)
    id: int | None = _key()
    round_id: int = _ref("check_round")
    subject_id: int = _ref("subject")
    fix_time: datetime | None = _when(null=True)
    lat: float | None = None
    lon: float | None = None
    accuracy_m: float | None = None
    side: str = "unknown"
    certainty: float | None = None
    seen: dict[str, Any] = _json()  # the state of the device, leave, open violations
    finding: str | None = None  # casework.Finding
    note: str = ""
    found_by: int | None = _ref("officer", null=True, index=False)
    found_at: datetime | None = _when(null=True)


class CheckSecret(SQLModel, table=True):
    """What a bureau's random moments follow from, from ``valid_from`` on; ``commitment`` is its SHA-256, in the audit chain."""

    __tablename__ = "check_secret"
    __table_args__ = (UniqueConstraint("bureau_id", "valid_from"),)
    id: int | None = _key()
    bureau_id: int = _ref("bureau")
    secret: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    commitment: str
    valid_from: datetime = _when()


class CheckIn(SQLModel, table=True):
    """签到: a subject was asked to say where she is, by a link; answered with a position from her phone's browser, or missed.
    ``skipped`` is why a moment of a schedule passed without her being asked; ``excused_s`` how much later it expires for our outages."""

    __tablename__ = "check_in"
    __table_args__ = (
        UniqueConstraint("schedule", "subject_id", "slot_at"),
        Index(
            "ix_check_in_open",
            "expires_at",
            sqlite_where=text("answered_at IS NULL AND missed_at IS NULL AND skipped = ''"),
            postgresql_where=text("answered_at IS NULL AND missed_at IS NULL AND skipped = ''"),
        ),
    )
    id: int | None = _key()
    bureau_id: int = _ref("bureau")
    office_id: int = _ref("office")
    subject_id: int = _ref("subject")
    schedule: str  # empty: an officer asked
    slot_at: datetime = _when()
    asked_at: datetime = _when()
    asked_by: int | None = _ref("officer", null=True, index=False)  # null: the service itself
    purpose: str = ""
    token_hash: str = Field(unique=True)
    expires_at: datetime = _when()
    answered_at: datetime | None = _when(null=True)
    report_id: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    missed_at: datetime | None = _when(null=True)
    skipped: str = ""  # casework.NotAsked; empty: she was asked
    excused_s: int = 0


class ScheduleMark(SQLModel, table=True):
    """Up to when a schedule was carried out: what was due before is done or accounted for."""

    __tablename__ = "schedule_mark"
    name: str = Field(primary_key=True)
    at: datetime = _when()


class Lease(SQLModel, table=True):
    """Which process may act, of several that run the same job; ``epoch`` grows with every change of holder."""

    name: str = Field(primary_key=True)
    holder: str
    epoch: int = 0
    expires_at: datetime = _when()


# ---- the legal clock


class LegalClock(SQLModel, table=True):
    """期限: a term that the law ties to a fact, running from the moment that a person set; the service had proposed one."""

    __tablename__ = "legal_clock"
    id: int | None = _key()
    subject_id: int = _ref("subject")
    kind: str  # casework.ClockKind
    starts_at: datetime = _when()
    proposed_at: datetime | None = _when(null=True)
    basis: str  # why from that moment
    set_by: int = _ref("officer", index=False)
    set_at: datetime = _when()
    ended_at: datetime | None = _when(null=True)
    ended_by: int | None = _ref("officer", null=True, index=False)
    end_note: str = ""
    told: int = 0  # how many of its edges somebody was told of
    tell_at: datetime | None = _when(null=True, index=True)  # when the next edge is


class SearchCase(SQLModel, table=True):
    """查找 of a subject who is out of contact (社区矫正法 Art 30): opened, pursued step by step, closed with what came of it."""

    __tablename__ = "search_case"
    id: int | None = _key()
    bureau_id: int = _ref("bureau")
    office_id: int = _ref("office")
    subject_id: int = _ref("subject")
    clock_id: int | None = _ref("legal_clock", null=True, index=False)
    violation_id: int | None = _ref("violation", null=True)
    opened_by: int = _ref("officer", index=False)
    opened_at: datetime = _when()
    reason: str
    closed_at: datetime | None = _when(null=True)
    closed_by: int | None = _ref("officer", null=True, index=False)
    outcome: str | None = None  # casework.SearchOutcome
    outcome_note: str = ""


class SearchStep(SQLModel, table=True):
    """What was done in a search, when, how, with what result. Append-only."""

    __tablename__ = "search_step"
    id: int | None = _key()
    search_id: int = _ref("search_case")
    at: datetime = _when()
    officer_id: int = _ref("officer", index=False)
    kind: str  # casework.SearchStepKind
    text: str
    found: bool = False
    recorded_at: datetime = _when()


# ---- the subject's own view


class OwnLink(SQLModel, table=True):
    """The link by which a subject opens her own view on her phone; the token itself is never stored."""

    __tablename__ = "own_link"
    id: int | None = _key()
    subject_id: int = _ref("subject")
    token_hash: str = Field(unique=True)
    created_by: int | None = _ref("officer", null=True, index=False)
    created_at: datetime = _when()
    expires_at: datetime = _when()
    last_used_at: datetime | None = _when(null=True)
    revoked_at: datetime | None = _when(null=True)


class Objection(SQLModel, table=True):
    """异议: what a subject objects to, and what she was answered."""

    id: int | None = _key()
    bureau_id: int = _ref("bureau")
    office_id: int = _ref("office")
    subject_id: int = _ref("subject")
    about: str  # casework.ObjectedTo
    about_id: int | None = Field(default=None, sa_column=Column(Id, nullable=True))
    text: str
    at: datetime = _when()
    recorded_by: int | None = _ref("officer", null=True, index=False)  # null: she wrote it herself
    due_at: datetime = _when(index=True)
    escalation: int = 0  # how often the bureau was told that it waits
    escalate_at: datetime | None = _when(null=True, index=True)  # the next reminder or escalation; null: it was answered
    answered_at: datetime | None = _when(null=True)
    answered_by: int | None = _ref("officer", null=True, index=False)
    outcome: str | None = None  # casework.ObjectionOutcome
    answer: str = ""


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
