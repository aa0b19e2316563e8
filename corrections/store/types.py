"""Column types that mean the same on both databases."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Dialect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from corrections.domain.model import from_us, to_us


class UTCDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored as int64 microseconds since 1970-01-01 UTC.

    One exact representation on both databases: it compares, indexes and partitions as a number, and reads into numpy
    columns without parsing. Naive datetimes are refused.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}: times are aware, in UTC")
        return to_us(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else from_us(value)


Json = JSON().with_variant(JSONB(), "postgresql")
"""Structured values that are read and written whole."""
