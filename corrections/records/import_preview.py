"""A file before it is taken in: which columns it was read with and its first rows, and an empty table with the columns that it may have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from corrections.errors import Invalid
from corrections.records import imports, roster_file
from corrections.records.imports import Register
from corrections.records.sheets import read_rows
from corrections.store.access import Actor
from corrections.store.tables import Bureau

DUTIES = "duties"
_COLUMNS: dict[str, Mapping[str, Sequence[str]]] = {kind.value: imports.COLUMNS[kind] for kind in Register}
COLUMNS: Mapping[str, Mapping[str, Sequence[str]]] = _COLUMNS | {DUTIES: roster_file.COLUMNS}
REQUIRED: Mapping[str, Sequence[str]] = {kind.value: imports.REQUIRED[kind] for kind in Register} | {DUTIES: roster_file.REQUIRED}


@dataclass(frozen=True, slots=True)
class Preview:
    """``columns`` as (name in Chinese, name in English); ``rows`` with their numbers in the file; ``total`` rows in all."""

    columns: Sequence[tuple[str, str]]
    rows: Sequence[tuple[int, Sequence[str]]]
    total: int


def preview(session: Session, actor: Actor, kind: str, data: bytes, filename: str, most: int = 8) -> Preview:
    """The first rows as they were read, nothing checked. Raises Invalid for a file that cannot be read."""
    zone = ZoneInfo(session.get_one(Bureau, actor.bureau_id).timezone)
    rows = read_rows(data, filename, COLUMNS[kind], REQUIRED[kind], zone)
    used = [name for name in COLUMNS[kind] if any(row.has(name) for row in rows)]
    return Preview(
        [called(kind, name) for name in used], [(row.number, [row.text(name) for name in used]) for row in rows[:most]], len(rows)
    )


def called(kind: str, name: str) -> tuple[str, str]:
    """What a column is called, by the names that a file may use: the first Chinese one, and ours."""
    aliases = COLUMNS[kind].get(name, ())
    return next((alias for alias in aliases if not alias.isascii()), name), name


def blank(kind: str, language: str) -> tuple[Sequence[str], Sequence[str]]:
    """The titles of all columns that a file may have, and of those that it must. Raises Invalid."""
    if kind not in COLUMNS:
        raise Invalid("There is no such table.", "没有该表格。", field="kind")
    said = 1 if language == "en" else 0
    titles: Any = [called(kind, name)[said] for name in COLUMNS[kind]]
    return titles, [called(kind, name)[said] for name in REQUIRED[kind]]
