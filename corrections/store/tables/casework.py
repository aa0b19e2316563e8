"""What officers take up and decide: files, statements, proposals, measures, legal terms, searches."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Text
from sqlmodel import Field, SQLModel

from corrections.store.tables.columns import Id, json_object, key, ref, when


class StoredFile(SQLModel, table=True):
    """The content of attachments, by its SHA-256 (hexadecimal), each once. Never changed."""

    __tablename__ = "stored_file"
    sha256: str = Field(primary_key=True)
    size: int
    media_type: str
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    stored_at: datetime = when()


class Attachment(SQLModel, table=True):
    """附件: a photo or document beside a violation, a statement, a leave request, a search or a check; ``about`` is a
    casework.AttachedTo."""

    __table_args__ = (Index("ix_attachment_about_about_id", "about", "about_id"),)
    id: int | None = key()
    subject_id: int = ref("subject")
    about: str
    about_id: int = Field(sa_column=Column(Id, nullable=False))
    sha256: str = Field(sa_column=Column(Text, ForeignKey("stored_file.sha256"), nullable=False))
    name: str
    note: str = ""
    added_by: int | None = ref("officer", null=True, index=False)  # null: the subject herself
    added_at: datetime = when()


class Statement(SQLModel, table=True):
    """陈述、申辩: what a subject herself says, or that she was heard and declined. Append-only."""

    id: int | None = key()
    subject_id: int = ref("subject")
    violation_id: int | None = ref("violation", null=True)
    taken_at: datetime = when()
    taken_by: int | None = ref("officer", null=True, index=False)  # null: she gave it herself, over her own view
    means: str
    declined: bool = False
    text: str
    recorded_at: datetime = when()


class Proposal(SQLModel, table=True):
    """处理建议: that a measure be taken, on stated facts and grounds. A second officer of the right rank must agree; the body that may
    decides, and what it decided is recorded."""

    id: int | None = key()
    bureau_id: int = ref("bureau")
    office_id: int = ref("office")
    subject_id: int = ref("subject")
    measure: str  # casework.MeasureKind
    ground: str  # key of the ground in config/legal.toml
    facts: str
    violation_ids: list[int] = json_object(list)
    statement_id: int | None = ref("statement", null=True, index=False)
    state: str = Field(default="proposed", index=True)  # casework.ProposalState
    proposed_by: int = ref("officer", index=False)
    proposed_at: datetime = when()
    seconded_by: int | None = ref("officer", null=True, index=False)
    seconded_at: datetime | None = when(null=True)
    note: str = ""  # of her who seconded or refused it
    outcome_on: datetime | None = when(null=True)
    outcome_by: str = ""
    document: str = ""
    revision: int = 1


class Measure(SQLModel, table=True):
    """奖惩: a measure that was taken, by whom and on what day; counted by category."""

    id: int | None = key()
    subject_id: int = ref("subject")
    kind: str  # casework.MeasureKind
    category: str  # of the subject on that day
    decided_on: datetime = when()
    decided_by: str
    document: str = ""
    ground: str = ""
    proposal_id: int | None = ref("proposal", null=True)
    recorded_by: int | None = ref("officer", null=True, index=False)
    recorded_at: datetime = when()
    revoked_at: datetime | None = when(null=True)
    revoked_reason: str = ""


class LegalClock(SQLModel, table=True):
    """期限: a term that the law ties to a fact, running from the moment that a person set; the service had proposed one."""

    __tablename__ = "legal_clock"
    id: int | None = key()
    subject_id: int = ref("subject")
    kind: str  # casework.ClockKind
    starts_at: datetime = when()
    proposed_at: datetime | None = when(null=True)
    basis: str  # why from that moment
    set_by: int = ref("officer", index=False)
    set_at: datetime = when()
    ended_at: datetime | None = when(null=True)
    ended_by: int | None = ref("officer", null=True, index=False)
    end_note: str = ""
    told: int = 0  # how many of its edges somebody was told of
    tell_at: datetime | None = when(null=True, index=True)  # when the next edge is


class SearchCase(SQLModel, table=True):
    """查找 of a subject who is out of contact (社区矫正法 Art 30): opened, pursued step by step, closed with what came of it."""

    __tablename__ = "search_case"
    id: int | None = key()
    bureau_id: int = ref("bureau")
    office_id: int = ref("office")
    subject_id: int = ref("subject")
    clock_id: int | None = ref("legal_clock", null=True, index=False)
    violation_id: int | None = ref("violation", null=True)
    opened_by: int = ref("officer", index=False)
    opened_at: datetime = when()
    reason: str
    closed_at: datetime | None = when(null=True)
    closed_by: int | None = ref("officer", null=True, index=False)
    outcome: str | None = None  # casework.SearchOutcome
    outcome_note: str = ""


class SearchStep(SQLModel, table=True):
    """What was done in a search, when, how, with what result. Append-only."""

    __tablename__ = "search_step"
    id: int | None = key()
    search_id: int = ref("search_case")
    at: datetime = when()
    officer_id: int = ref("officer", index=False)
    kind: str  # casework.SearchStepKind
    text: str
    found: bool = False
    recorded_at: datetime = when()
