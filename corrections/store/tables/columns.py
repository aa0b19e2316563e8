"""What columns of all tables are made of."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Integer
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


def when(*, null: bool = False, index: bool = False) -> Any:
    """A moment, in UTC."""
    return Field(default=None, sa_column=Column(UTCDateTime, nullable=null, index=index))


def ref(table: str, *, null: bool = False, index: bool = True) -> Any:
    """The id of a row of a table."""
    return Field(default=None, sa_column=Column(Id, ForeignKey(f"{table}.id"), nullable=null, index=index))


def key() -> Any:
    """The id of a row."""
    return Field(default=None, sa_column=Column(Id, primary_key=True, autoincrement=True))


def json_object(default: type = dict) -> Any:
    """An object or list as JSON."""
    return Field(default_factory=default, sa_column=Column(Json, nullable=False))
