"""The tables, in the words of the design. Every row of data belongs to one office, and an office to one bureau.

Enumerations are stored as their text values. ``bureau_id`` stands in every hot table: it is the key by which a nation's
data is spread over hosts.
"""

from sqlmodel import SQLModel

from corrections.store.tables.casework import Attachment, LegalClock, Measure, Proposal, SearchCase, SearchStep, Statement, StoredFile
from corrections.store.tables.checks import CheckEntry, CheckIn, CheckRound, CheckSecret
from corrections.store.tables.monitoring import (
    AreaSilence,
    Checkpoint,
    DeviceFlag,
    FixRequest,
    Lease,
    Outage,
    Pulse,
    RuleSettings,
    ScheduleMark,
    StreamPosition,
    SubjectState,
)
from corrections.store.tables.places import Absence, Bureau, Duty, Gateway, KnownBrowser, LoginFailure, LoginSession, Office, Officer
from corrections.store.tables.record import AuditEvent, LogDay, LogEntry, Objection, OwnLink
from corrections.store.tables.register import (
    Authority,
    ContactBan,
    Device,
    LeavePermit,
    LeaveReport,
    LeaveRequest,
    Subject,
    Zone,
    ZoneRevision,
)
from corrections.store.tables.reports import Report, SetAside
from corrections.store.tables.violations import Notice, OutboxMessage, ReviewEvent, Violation, ViolationWatch

metadata = SQLModel.metadata

__all__ = [
    "Absence",
    "AreaSilence",
    "Attachment",
    "AuditEvent",
    "Authority",
    "Bureau",
    "CheckEntry",
    "CheckIn",
    "CheckRound",
    "CheckSecret",
    "Checkpoint",
    "ContactBan",
    "Device",
    "DeviceFlag",
    "Duty",
    "FixRequest",
    "Gateway",
    "KnownBrowser",
    "Lease",
    "LeavePermit",
    "LeaveReport",
    "LeaveRequest",
    "LegalClock",
    "LogDay",
    "LogEntry",
    "LoginFailure",
    "LoginSession",
    "Measure",
    "Notice",
    "Objection",
    "Office",
    "Officer",
    "Outage",
    "OutboxMessage",
    "OwnLink",
    "Proposal",
    "Pulse",
    "Report",
    "ReviewEvent",
    "RuleSettings",
    "ScheduleMark",
    "SearchCase",
    "SearchStep",
    "SetAside",
    "Statement",
    "StoredFile",
    "StreamPosition",
    "Subject",
    "SubjectState",
    "Violation",
    "ViolationWatch",
    "Zone",
    "ZoneRevision",
    "metadata",
]
