"""The monitor's place in the stream and its memory, and what it knows of phones and of itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, Text
from sqlmodel import Field, SQLModel

from corrections.store.tables.columns import Id, json_object, key, ref, when
from corrections.store.types import UTCDateTime


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
    fix_time: datetime | None = when(null=True)
    digest: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    memory: bytes = Field(default=b"", sa_column=Column(LargeBinary, nullable=False))
    lat: float | None = None
    lon: float | None = None
    accuracy_m: float | None = None
    side: str = "unknown"
    certainty: float | None = None  # the highest, over the zones that bound at the last fix, that she was on the wrong side
    uncertain_since: datetime | None = when(null=True)  # fix time from which on one cannot tell
    battery_pct: float | None = None
    low_battery_since: datetime | None = when(null=True)  # received time; null: not low
    permission_off_since: datetime | None = when(null=True)  # received time; null: not known to be withdrawn
    patterns_from: datetime | None = when(null=True, index=True)  # fix time from which on patterns are to be derived
    last_contact_at: datetime | None = when(null=True)
    last_position_at: datetime | None = when(null=True)  # received time of the last contact that held a position
    expected_by: datetime | None = when(null=True, index=True)
    revise_from: datetime | None = when(null=True)
    fault: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    fault_at: datetime | None = when(null=True)


class Checkpoint(SQLModel, table=True):
    """The monitor's memory of a subject just before a local day's first fix: where late evidence starts over."""

    subject_id: int = Field(sa_column=Column(Id, ForeignKey("subject.id"), primary_key=True, autoincrement=False))
    fix_time: datetime = Field(sa_column=Column(UTCDateTime, primary_key=True))
    memory: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class FixRequest(SQLModel, table=True):
    """A wish for a fresh fix, because one cannot tell where a subject is or because an officer asks. ``told_at`` is when her phone was
    told, where it can be; ``answered_at`` when a fix measured after the asking came in."""

    __tablename__ = "fix_request"
    id: int | None = key()
    subject_id: int = ref("subject")
    reason: str  # model.AskReason
    asked_at: datetime = when()
    asked_by: int | None = ref("officer", null=True, index=False)  # null: the service itself
    expires_at: datetime = when(index=True)
    told_at: datetime | None = when(null=True)
    answered_at: datetime | None = when(null=True)


class DeviceFlag(SQLModel, table=True):
    """设备疑点: a technical doubt about a device that an officer should settle; ``kind`` is a model.FlagKind, ``detail`` its figures."""

    __tablename__ = "device_flag"
    id: int | None = key()
    device_id: int = ref("device")
    subject_id: int = ref("subject")
    kind: str
    since: datetime = when()
    until: datetime | None = when(null=True)
    detail: dict[str, Any] = json_object()


class Outage(SQLModel, table=True):
    """A span in which this service itself was down: nobody was missing then."""

    id: int | None = key()
    began_at: datetime = when()
    ended_at: datetime = when()


class AreaSilence(SQLModel, table=True):
    """A span in which so many of a bureau's subjects fell silent at once that it is one matter, a loss of the network most
    likely, and not many. ``subjects`` is how many; ``ended_at`` null while it lasts."""

    __tablename__ = "area_silence"
    id: int | None = key()
    bureau_id: int = ref("bureau")
    began_at: datetime = when()
    ended_at: datetime | None = when(null=True)
    subjects: int = 0


class RuleSettings(SQLModel, table=True):
    """The settings of the boundary rule in force for what was measured from ``valid_from`` on, until the next row's."""

    __tablename__ = "rule_settings"
    id: int | None = key()
    valid_from: datetime = when()
    boundary: dict[str, Any] = json_object()


class Pulse(SQLModel, table=True):
    """The last sign of life of each process, by which its own outages are known."""

    process: str = Field(primary_key=True)
    at: datetime = when()


class ScheduleMark(SQLModel, table=True):
    """Up to when a schedule was carried out: what was due before is done or accounted for."""

    __tablename__ = "schedule_mark"
    name: str = Field(primary_key=True)
    at: datetime = when()


class Lease(SQLModel, table=True):
    """Which process may act, of several that run the same job; ``epoch`` grows with every change of holder."""

    name: str = Field(primary_key=True)
    holder: str
    epoch: int = 0
    expires_at: datetime = when()
