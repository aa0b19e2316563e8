"""The subject's own view, the supervision log and the audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from corrections.store.tables.columns import Id, json_object, key, ref, when


class OwnLink(SQLModel, table=True):
    """The link by which a subject opens her own view on her phone; the token itself is never stored."""

    __tablename__ = "own_link"
    id: int | None = key()
    subject_id: int = ref("subject")
    token_hash: str = Field(unique=True)
    created_by: int | None = ref("officer", null=True, index=False)
    created_at: datetime = when()
    expires_at: datetime = when()
    last_used_at: datetime | None = when(null=True)
    revoked_at: datetime | None = when(null=True)


class Objection(SQLModel, table=True):
    """异议: what a subject objects to, and what she was answered."""

    id: int | None = key()
    bureau_id: int = ref("bureau")
    office_id: int = ref("office")
    subject_id: int = ref("subject")
    about: str  # casework.ObjectedTo
    about_id: int | None = Field(default=None, sa_column=Column(Id, nullable=True))
    text: str
    at: datetime = when()
    recorded_by: int | None = ref("officer", null=True, index=False)  # null: she wrote it herself
    due_at: datetime = when(index=True)
    escalation: int = 0  # how often the bureau was told that it waits
    escalate_at: datetime | None = when(null=True, index=True)  # the next reminder or escalation; null: it was answered
    answered_at: datetime | None = when(null=True)
    answered_by: int | None = ref("officer", null=True, index=False)
    outcome: str | None = None  # casework.ObjectionOutcome
    answer: str = ""


class LogEntry(SQLModel, table=True):
    """An officer's own entry in the supervision log: a visit, a talk, a report, education."""

    __tablename__ = "log_entry"
    id: int | None = key()
    subject_id: int = ref("subject")
    day: str = Field(index=True)  # the bureau's local date, YYYY-MM-DD
    at: datetime = when()
    officer_id: int = ref("officer")
    kind: str
    content: str


class LogDay(SQLModel, table=True):
    """监管日志 of one subject and local day. ``part`` 0 closes the day; later parts amend it by addition. Append-only."""

    __tablename__ = "log_day"
    __table_args__ = (UniqueConstraint("subject_id", "day", "part"),)
    id: int | None = key()
    subject_id: int = ref("subject")
    day: str
    part: int = 0
    written_at: datetime = when()
    content: dict[str, Any] = json_object()


class AuditEvent(SQLModel, table=True):
    """审计记录: who did or saw what, whose, when and why; each bound to the one before by hash."""

    __tablename__ = "audit_event"
    id: int | None = key()
    at: datetime = when(index=True)
    actor: str
    action: str
    subject_id: int | None = Field(default=None, sa_column=Column(Id, nullable=True, index=True))
    purpose: str = ""
    origin: str = ""
    detail: dict[str, Any] = json_object()
    previous_hash: str = ""
    hash: str = ""


metadata = SQLModel.metadata
