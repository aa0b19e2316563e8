"""What comes in from phones, and what of it could not be used."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, SmallInteger
from sqlmodel import Field, SQLModel

from corrections.store.tables.columns import Id, key, ref, when


class Report(SQLModel, table=True):
    """定位上报: one fix, or one contact without a position (``lat`` is null). Append-only.

    ``id`` grows in the order of commits and is the place in the stream that the monitor follows.
    ``digest`` identifies device and measured content, so that a repeated report finds itself here.
    """

    __table_args__ = (
        Index("uq_report_subject_id_fix_time_digest", "subject_id", "fix_time", "digest", unique=True),
        Index("ix_report_bureau_id_id", "bureau_id", "id"),
    )
    id: int | None = key()
    bureau_id: int = Field(sa_column=Column(Integer, nullable=False))
    subject_id: int = Field(sa_column=Column(Id, nullable=False))
    device_id: int = Field(sa_column=Column(Id, nullable=False))
    fix_time: datetime = when()
    digest: int = Field(sa_column=Column(BigInteger, nullable=False))
    received_at: datetime = when()
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
    id: int | None = key()
    digest: int = Field(sa_column=Column(BigInteger, nullable=False, unique=True))
    received_at: datetime = when(index=True)
    last_at: datetime = when()
    count: int = 1
    device_id: int | None = ref("device", null=True)
    subject_id: int | None = ref("subject", null=True)
    wire: str = ""
    reason: str = Field(index=True)
    detail: str = ""
    raw: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
