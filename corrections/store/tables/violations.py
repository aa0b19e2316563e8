"""Violations and their review, and whom they are told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, text
from sqlmodel import Field, SQLModel

from corrections.store.tables.columns import Id, json_object, key, ref, when

ATTENTION = text("review_state IN ('queued', 'claimed') OR (review_state = 'decided' AND new_evidence IS TRUE)")


class Violation(SQLModel, table=True):
    """违规: one episode of one rule for one subject, and where its review stands.

    ``revision`` counts changes; every change of review names the revision it comes from (compare and set).
    ``new_evidence`` marks that late reports changed it after somebody had seen it.
    """

    __table_args__ = (
        Index("ix_violation_queue", "officer_id", "review_state", "due_at"),
        # What a bureau's queue is sorted and counted by, so that neither reads the rows themselves.
        Index(
            "ix_violation_attention",
            *("bureau_id", "office_id", "officer_id", "severity", "due_at", "id", "rule", "zone_id", "ended_at", "review_state"),
            sqlite_where=ATTENTION,
            postgresql_where=ATTENTION,
        ),
        Index("ix_violation_subject_id_started_at", "subject_id", "started_at"),
        Index(
            "ix_violation_silence",
            "bureau_id",
            "office_id",
            sqlite_where=text("rule = 'silence' AND ended_at IS NULL"),
            postgresql_where=text("rule = 'silence' AND ended_at IS NULL"),
        ),
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
    id: int | None = key()
    bureau_id: int = Field(sa_column=Column(Id, nullable=False))
    office_id: int = ref("office")
    subject_id: int = ref("subject", index=False)
    rule: str
    nature: str
    severity: str
    zone_id: int = Field(default=0, sa_column=Column(Id, nullable=False))  # 0: no zone, so that the unique key sees it
    zone_revision_id: int | None = ref("zone_revision", null=True, index=False)
    other_id: int = Field(default=0, sa_column=Column(Id, nullable=False, server_default="0"))  # of a contact ban
    started_at: datetime = when()
    opened_at: datetime = when()
    ended_at: datetime | None = when(null=True)
    ends_at: datetime | None = when(null=True, index=True)  # when the window it belongs to closes it by itself
    last_fix_at: datetime = when()
    detected_at: datetime = when()
    evidence: dict[str, Any] = json_object()
    reason_zh: str = ""
    reason_en: str = ""
    review_state: str = "queued"
    officer_id: int | None = ref("officer", null=True, index=False)
    assigned_why: str = Field(default="", sa_column_kwargs={"server_default": ""})  # on what ground it is hers: an assignment.Why
    claimed_by: int | None = ref("officer", null=True, index=False)
    due_at: datetime = when()
    decision: str | None = None
    cause: str | None = None
    decided_by: int | None = ref("officer", null=True, index=False)
    decided_at: datetime | None = when(null=True)
    new_evidence: bool = False
    rung: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  # of the ladder of a silence: how many steps were taken
    rung_due_at: datetime | None = when(null=True, index=True)  # when the next one is due
    matter_id: int = Field(default=0, sa_column=Column(Id, nullable=False, server_default="0", index=True))  # its first violation
    claimed_until: datetime | None = when(null=True, index=True)  # when the lease of her who claimed it runs out
    remind_at: datetime | None = when(null=True, index=True)  # when its owner is to be reminded; null: she was, or it is over
    escalation: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  # how many levels it was escalated
    escalated_to: int | None = ref("officer", null=True)  # who answers for it besides its owner
    escalate_at: datetime | None = when(null=True, index=True)  # when the next level is due
    revision: int = 1


class ReviewEvent(SQLModel, table=True):
    """What happened to a violation, by whom: detected, assigned, claimed, noted, contacted, handed over, decided, reopened,
    revised. Append-only."""

    __tablename__ = "review_event"
    id: int | None = key()
    violation_id: int = ref("violation")
    at: datetime = when()
    officer_id: int | None = ref("officer", null=True, index=False)  # null: the service itself
    kind: str
    content: dict[str, Any] = json_object()


class ViolationWatch(SQLModel, table=True):
    """An officer who wants to be told what happens to a violation that is not hers."""

    __tablename__ = "violation_watch"
    violation_id: int = Field(sa_column=Column(Id, ForeignKey("violation.id"), primary_key=True, autoincrement=False))
    officer_id: int = Field(sa_column=Column(Id, ForeignKey("officer.id"), primary_key=True, autoincrement=False))
    since: datetime = when()


class Notice(SQLModel, table=True):
    """提醒: what a person is to be told, in both languages: a subject (by whoever can reach her), an officer, an office head, the bureau.
    ``done_at`` is when it was told or had become needless."""

    id: int | None = key()
    bureau_id: int = ref("bureau")
    office_id: int = ref("office")
    subject_id: int | None = ref("subject", null=True)  # null: it is about no single subject (a check round)
    recipient: str  # model.Recipient
    officer_id: int | None = ref("officer", null=True)
    violation_id: int | None = ref("violation", null=True)
    about: str = Field(default="", sa_column_kwargs={"server_default": ""})  # what else it is about, as ``round:12``
    severity: str = Field(default="medium", sa_column_kwargs={"server_default": "medium"})
    kind: str  # model.NoticeKind
    text_zh: str
    text_en: str
    at: datetime = when(index=True)
    dispatch_at: datetime | None = when(null=True, index=True)  # when to put it on the channels; null: it was, or never will be
    done_at: datetime | None = when(null=True)
    done_by: int | None = ref("officer", null=True, index=False)  # null: the service itself, it had become needless


class OutboxMessage(SQLModel, table=True):
    """A message on its way over one channel, written in the transaction of what it tells of, and sent at least once. ``key`` is what
    makes it unique. ``due_at`` is the next attempt; null: it was sent, given up or had become needless."""

    __tablename__ = "outbox_message"
    id: int | None = key()
    bureau_id: int = ref("bureau")
    key: str = Field(unique=True)
    channel: str
    officer_id: int | None = ref("officer", null=True)
    subject_id: int | None = ref("subject", null=True)
    notice_id: int | None = ref("notice", null=True)
    severity: str
    reference: str
    text_zh: str
    text_en: str
    digest: bool = False  # waits to be sent together with others
    created_at: datetime = when()
    due_at: datetime | None = when(null=True, index=True)
    attempts: int = 0
    sent_at: datetime | None = when(null=True)
    given_up_at: datetime | None = when(null=True)
    last_error: str = ""
