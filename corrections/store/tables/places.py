"""The tree of places of work, who works there, and who is logged in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from corrections.store.tables.columns import key, ref, when
from corrections.store.types import Json


class Bureau(SQLModel, table=True):
    """司法局. Its offices, and the time zone in which its days and windows are counted."""

    id: int | None = key()
    code: str = Field(unique=True)
    name: str
    name_en: str = ""
    timezone: str = "Asia/Shanghai"


class Office(SQLModel, table=True):
    """司法所."""

    id: int | None = key()
    bureau_id: int = ref("bureau")
    code: str = Field(unique=True)
    name: str
    name_en: str = ""


class Officer(SQLModel, table=True):
    """工作人员. While she is absent her work goes to ``deputy_id``, unless the absence names another. ``addresses`` is where each channel
    of notification reaches her, by the channel's name."""

    id: int | None = key()
    office_id: int = ref("office")
    login: str = Field(unique=True)
    name: str
    role: str
    password_hash: str = ""
    active: bool = True
    deputy_id: int | None = ref("officer", null=True)
    addresses: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False, server_default="{}"))


class Absence(SQLModel, table=True):
    """An officer is away in ``[starts_at, ends_at)``: leave, illness, training. ``deputy_id`` null: her standing deputy."""

    id: int | None = key()
    officer_id: int = ref("officer")
    starts_at: datetime = when()
    ends_at: datetime = when(index=True)
    deputy_id: int | None = ref("officer", null=True, index=False)
    reason: str = ""
    recorded_by: int | None = ref("officer", null=True, index=False)  # null: the operator
    recorded_at: datetime = when()
    revoked_at: datetime | None = when(null=True)


class Duty(SQLModel, table=True):
    """值班: who is on call in ``[starts_at, ends_at)``, for one office or (null) all of the bureau's, which she may see meanwhile."""

    id: int | None = key()
    bureau_id: int = ref("bureau")
    office_id: int | None = ref("office", null=True)
    officer_id: int = ref("officer")
    starts_at: datetime = when()
    ends_at: datetime = when(index=True)
    recorded_by: int | None = ref("officer", null=True, index=False)
    recorded_at: datetime = when()
    revoked_at: datetime | None = when(null=True)


class LoginSession(SQLModel, table=True):
    """A logged-in officer; the token itself is never stored. ``purpose`` is why she looks at locations, as she said; ``map_read_at`` when
    her look at the map was last recorded."""

    __tablename__ = "login_session"
    token_hash: str = Field(primary_key=True)
    officer_id: int = ref("officer")
    created_at: datetime = when()
    last_used_at: datetime = when()
    expires_at: datetime = when(index=True)
    purpose: str = Field(default="", sa_column_kwargs={"server_default": ""})
    map_read_at: datetime | None = when(null=True)


class KnownBrowser(SQLModel, table=True):
    """A browser in which an officer has logged in; its secret is never stored."""

    __tablename__ = "known_browser"
    token_hash: str = Field(primary_key=True)
    officer_id: int = ref("officer")
    created_at: datetime = when()
    expires_at: datetime = when(index=True)


class LoginFailure(SQLModel, table=True):
    """A wrong password of late: for which login, as it was typed, from which address, in which known browser (empty: in none)."""

    __tablename__ = "login_failure"
    id: int | None = key()
    login: str = Field(index=True)
    origin: str = Field(index=True)
    browser: str
    at: datetime = when(index=True)


class Gateway(SQLModel, table=True):
    """Another system that may send reports for the devices of one bureau."""

    id: int | None = key()
    bureau_id: int = ref("bureau")
    name: str
    credential_hash: str = Field(unique=True)
    active: bool = True
