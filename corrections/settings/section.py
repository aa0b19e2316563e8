"""What all sections share: unknown keys are refused, and what changes with time is a list of entries, each in force from a day on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TypeVar

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Dated(Section):
    """Settings in force from a local day on, until the next entry's."""

    valid_from: date


Entry = TypeVar("Entry", bound=Dated)


def in_order(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """The entries, oldest first. Raises ValueError where there is none or two begin on the same day."""
    days = [entry.valid_from for entry in entries]
    if not days or len(set(days)) < len(days):
        raise ValueError("at least one entry, each with a valid_from of its own")
    return tuple(sorted(entries, key=lambda entry: entry.valid_from))


def in_force(entries: Sequence[Entry], day: date) -> Entry:
    """The entry in force on a local day; before the first begins, the first."""
    begun = [entry for entry in entries if entry.valid_from <= day]
    return begun[-1] if begun else entries[0]
