"""The register: people, on what ground they are located, their devices, zones and leave."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from corrections.store.tables.columns import json_object, key, ref, when
from corrections.store.types import Json


class Subject(SQLModel, table=True):
    """社区矫正对象. ``number`` is the bureau's own (社区矫正对象编号)."""

    id: int | None = key()
    bureau_id: int = ref("bureau")
    office_id: int = ref("office")
    number: str = Field(unique=True)
    name: str
    category: str
    level: str
    minor: bool = False
    status: str = "active"
    status_from: datetime | None = when(null=True)
    officer_id: int | None = ref("officer", null=True)
    term_from: datetime = when()
    term_until: datetime = when(index=True)
    phone: str = ""


class Authority(SQLModel, table=True):
    """The legal basis under which a subject's location may be processed, in ``[valid_from, valid_until)``."""

    id: int | None = key()
    subject_id: int = ref("subject")
    basis: str
    scope: str = "location"
    valid_from: datetime = when()
    valid_until: datetime = when()
    approved_by: str
    approved_on: datetime = when()
    revoked_at: datetime | None = when(null=True)


class Device(SQLModel, table=True):
    """定位设备: a phone or band, with its own credential (stored hashed) and the interval at which it should report."""

    id: int | None = key()
    subject_id: int = ref("subject")
    identifier: str = Field(unique=True)
    credential_hash: str = Field(unique=True)
    client: str = ""
    datum: str = "WGS84"
    interval_s: int = 600
    active: bool = True


class Zone(SQLModel, table=True):
    """电子围栏: a name that its versions share. ``retired_at`` ends it."""

    id: int | None = key()
    bureau_id: int = ref("bureau")
    code: str = Field(unique=True)
    name: str
    kind: str


class ZoneRevision(SQLModel, table=True):
    """One version of a zone, never edited. A newer one sets ``valid_until`` of the one before, and nothing else."""

    __tablename__ = "zone_revision"
    __table_args__ = (UniqueConstraint("zone_id", "version"),)
    id: int | None = key()
    zone_id: int = ref("zone")
    version: int
    scope: str
    subject_id: int | None = ref("subject", null=True)
    level: str | None = None
    office_id: int | None = ref("office", null=True)
    severity: str = "medium"
    outline: bytes = Field(sa_column=Column(LargeBinary, nullable=False))  # WKB, WGS-84 (lon, lat)
    source: dict[str, Any] = json_object()  # as given: datum, shape (polygon, circle, corridor) and its numbers
    windows: list[dict[str, Any]] = json_object(list)
    valid_from: datetime = when()
    valid_until: datetime | None = when(null=True)
    published_by: str = ""
    published_at: datetime = when()


class ContactBan(SQLModel, table=True):
    """禁止接触: an order that two subjects keep apart; never edited, only revoked. They are together when less than ``distance_m``
    apart for ``minutes``."""

    __tablename__ = "contact_ban"
    id: int | None = key()
    bureau_id: int = ref("bureau")
    subject_id: int = ref("subject")
    other_id: int = ref("subject")
    basis: str
    distance_m: float
    minutes: float
    valid_from: datetime = when()
    valid_until: datetime | None = when(null=True)
    approved_by: str
    approved_at: datetime = when()
    revoked_at: datetime | None = when(null=True)


class LeavePermit(SQLModel, table=True):
    """外出请假: an approved leave. While it lasts, being outside an inclusion zone is no violation inside ``outline``
    (anywhere, when it has none)."""

    __tablename__ = "leave_permit"
    id: int | None = key()
    subject_id: int = ref("subject")
    destination: str
    outline: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    valid_from: datetime = when()
    valid_until: datetime = when()
    approved_by: str
    approved_at: datetime = when()
    revoked_at: datetime | None = when(null=True)
    windows: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(Json, nullable=False, server_default="[]"))


class LeaveRequest(SQLModel, table=True):
    """外出申请 of one leave, or of regular cross-area activity within ``windows``; an approval makes the permit. ``days`` and
    ``total_days`` (with the leave of the two months before) are what ``rank``, the level that decides, follows from."""

    __tablename__ = "leave_request"
    id: int | None = key()
    bureau_id: int = ref("bureau")
    office_id: int = ref("office")
    subject_id: int = ref("subject")
    kind: str  # casework.LeaveKind
    reason: str  # casework.LeaveReason
    details: str = ""
    destination: str
    outline: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))  # area and route, WKB, WGS-84 (lon, lat)
    windows: list[dict[str, Any]] = json_object(list)
    leaves_at: datetime = when()
    returns_at: datetime = when()
    days: int
    total_days: int
    rank: str  # casework.ApprovalRank
    conditions: str = ""
    state: str = Field(default="requested", index=True)  # casework.RequestState
    requested_at: datetime = when()
    requested_by: int | None = ref("officer", null=True, index=False)  # null: the subject herself
    due_at: datetime = when(index=True)  # by when it must be decided
    tell_at: datetime | None = when(null=True, index=True)  # when the next higher level is told that it was not; null: it was, or is over
    late: bool = False  # asked for later than is usual
    decided_by: int | None = ref("officer", null=True, index=False)
    decided_at: datetime | None = when(null=True)
    decision_note: str = ""
    approved_by: str = ""  # the authority that approved, where it is not the bureau itself
    procuratorate_told_at: datetime | None = when(null=True)
    permit_id: int | None = ref("leave_permit", null=True)
    extends_id: int | None = ref("leave_request", null=True, index=False)
    returned_at: datetime | None = when(null=True)  # 销假
    overdue_at: datetime | None = when(null=True, index=True)  # when not being back becomes a matter; null: it is settled, or never
    revision: int = 1


class LeaveReport(SQLModel, table=True):
    """What a subject on leave reported: departure, arrival, by the way, return. Append-only."""

    __tablename__ = "leave_report"
    id: int | None = key()
    request_id: int = ref("leave_request")
    kind: str  # casework.LeaveReportKind
    at: datetime = when()
    recorded_at: datetime = when()
    recorded_by: int | None = ref("officer", null=True, index=False)  # null: the subject herself
    text: str = ""
