"""Location checks: rounds of officers and check-ins of subjects."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from corrections.store.tables.columns import json_object, key, ref, when


class CheckRound(SQLModel, table=True):
    """定位核查: one officer's look at all her subjects of an office, at a moment of a schedule; signed by her. One a schedule, office,
    officer and moment."""

    __tablename__ = "check_round"
    __table_args__ = (UniqueConstraint("schedule", "office_id", "officer_id", "slot_at"),)
    id: int | None = key()
    bureau_id: int = ref("bureau")
    office_id: int = ref("office")
    officer_id: int = ref("officer")
    schedule: str  # name of the schedule in config/checks.toml; empty: an officer began it herself
    slot_at: datetime = when()
    state: str = Field(default="open", index=True)  # casework.RoundState
    opened_at: datetime = when()
    due_at: datetime = when()
    note: str = ""
    signed_at: datetime | None = when(null=True)
    signed_by: int | None = ref("officer", null=True, index=False)
    remind_at: datetime | None = when(null=True, index=True)
    escalation: int = 0
    escalated_to: int | None = ref("officer", null=True, index=False)
    escalate_at: datetime | None = when(null=True, index=True)
    revision: int = 1


class CheckEntry(SQLModel, table=True):
    """A subject in a round: where and how she stood when it was made (``seen``), and what the officer found."""

    __tablename__ = "check_entry"
    __table_args__ = (UniqueConstraint("round_id", "subject_id"),)
    id: int | None = key()
    round_id: int = ref("check_round")
    subject_id: int = ref("subject")
    fix_time: datetime | None = when(null=True)
    lat: float | None = None
    lon: float | None = None
    accuracy_m: float | None = None
    side: str = "unknown"
    certainty: float | None = None
    seen: dict[str, Any] = json_object()  # the state of the device, leave, open violations
    finding: str | None = None  # casework.Finding
    note: str = ""
    found_by: int | None = ref("officer", null=True, index=False)
    found_at: datetime | None = when(null=True)


class CheckSecret(SQLModel, table=True):
    """What a bureau's random moments follow from, from ``valid_from`` on; ``commitment`` is its SHA-256, in the audit chain."""

    __tablename__ = "check_secret"
    __table_args__ = (UniqueConstraint("bureau_id", "valid_from"),)
    id: int | None = key()
    bureau_id: int = ref("bureau")
    secret: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    commitment: str
    valid_from: datetime = when()


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
    id: int | None = key()
    bureau_id: int = ref("bureau")
    office_id: int = ref("office")
    subject_id: int = ref("subject")
    schedule: str  # empty: an officer asked
    slot_at: datetime = when()
    asked_at: datetime = when()
    asked_by: int | None = ref("officer", null=True, index=False)  # null: the service itself
    purpose: str = ""
    token_hash: str = Field(unique=True)
    expires_at: datetime = when()
    answered_at: datetime | None = when(null=True)
    report_id: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    missed_at: datetime | None = when(null=True)
    skipped: str = ""  # casework.NotAsked; empty: she was asked
    excused_s: int = 0
