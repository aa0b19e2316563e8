"""Measures, their grounds and who agrees to them; attachments; the figures of false alarms. See config/measures.toml."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Self

from pydantic import Field, field_validator, model_validator

from corrections.domain import measures
from corrections.domain.casework import MeasureKind
from corrections.domain.legal import Why
from corrections.domain.measures import Second, open_to
from corrections.domain.model import Category
from corrections.settings.section import Dated, Section, in_force, in_order

_FOUR = (Category.CONTROL, Category.PROBATION, Category.PAROLE, Category.TEMPORARY)
_SECONDS = {
    MeasureKind.COMMENDATION: Second.NONE,
    MeasureKind.ADMONITION: Second.NONE,
    MeasureKind.WARNING: Second.OFFICE_HEAD,
    MeasureKind.SECURITY_PENALTY: Second.BUREAU,
    MeasureKind.REVOKE_PROBATION: Second.BUREAU,
    MeasureKind.REVOKE_PAROLE: Second.BUREAU,
    MeasureKind.IMPRISON: Second.BUREAU,
}
_GRAVE = (
    MeasureKind.WARNING,
    MeasureKind.SECURITY_PENALTY,
    MeasureKind.REVOKE_PROBATION,
    MeasureKind.REVOKE_PAROLE,
    MeasureKind.IMPRISON,
)


class Hands(Dated):
    """Which measures need a statement first, and who must agree to each, from a local day on."""

    statement_first: tuple[MeasureKind, ...] = _GRAVE
    second: Mapping[MeasureKind, Second] = _SECONDS

    @field_validator("second")
    @classmethod
    def _complete(cls, second: Mapping[MeasureKind, Second]) -> Mapping[MeasureKind, Second]:
        if missing := [kind.value for kind in MeasureKind if kind not in second]:
            raise ValueError(f"say who seconds {', '.join(missing)}")
        return second


class GroundText(Dated):
    """A ground of a measure. ``articles`` are keys of the articles in legal.toml that it rests on; ``verified``: its condition was read
    at its ``source``, else it is told as the bureau's own, to be checked."""

    key: str = Field(min_length=1)
    measure: MeasureKind
    categories: tuple[Category, ...] = _FOUR
    why: Why | None = None
    articles: tuple[str, ...] = ()
    text_zh: str = Field(min_length=1)
    text_en: str = Field(min_length=1)
    verified: bool = False
    source: str = ""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.verified and not self.source:
            raise ValueError(f"{self.key}: say where it was read")
        if wrong := [category.value for category in self.categories if self.measure not in open_to(category)]:
            raise ValueError(f"{self.key}: {self.measure} is not open to {', '.join(wrong)}")
        return self

    def as_ground(self) -> measures.Ground:
        """As the domain takes it."""
        return measures.Ground(self.key, self.measure, frozenset(self.categories), self.why)


class Measures(Section):
    """See config/measures.toml for the meaning of each."""

    hands: tuple[Hands, ...] = (Hands(valid_from=date(2020, 7, 1)),)
    grounds: tuple[GroundText, ...] = ()

    @field_validator("hands")
    @classmethod
    def _by_day(cls, entries: tuple[Hands, ...]) -> tuple[Hands, ...]:
        return in_order(entries)

    @field_validator("grounds")
    @classmethod
    def _by_key_and_day(cls, entries: tuple[GroundText, ...]) -> tuple[GroundText, ...]:
        by_key: dict[str, list[GroundText]] = defaultdict(list)
        for entry in entries:
            by_key[entry.key].append(entry)
        return tuple(entry for key in by_key for entry in in_order(tuple(by_key[key])))

    def second(self, kind: MeasureKind, day: date) -> Second:
        """Who must agree to a measure that is proposed on a local day."""
        return in_force(self.hands, day).second[kind]

    def needs_statement(self, kind: MeasureKind, day: date) -> bool:
        """Whether the subject must have been heard before the measure is proposed."""
        return kind in in_force(self.hands, day).statement_first

    def ground(self, key: str, day: date) -> GroundText | None:
        """A ground as it stands on a local day; None where the settings do not hold it, or not yet."""
        entries = [entry for entry in self.grounds if entry.key == key and entry.valid_from <= day]
        return entries[-1] if entries else None

    def grounds_on(self, day: date) -> list[GroundText]:
        """The grounds in force on a local day, in the order of the settings."""
        found = (self.ground(key, day) for key in dict.fromkeys(entry.key for entry in self.grounds))
        return [ground for ground in found if ground is not None]


class Attachments(Section):
    """See config/measures.toml for the meaning of each."""

    most_mb: float = Field(10.0, gt=0, le=100)
    most_each: int = Field(20, ge=1)
    own_statements_a_day: int = Field(10, ge=1)

    @property
    def most_bytes(self) -> int:
        """The size limit of one file, in bytes."""
        return int(self.most_mb * 1_000_000)


class FalseAlarms(Section):
    """See config/measures.toml for the meaning of each."""

    remark_share: float = Field(0.5, gt=0, le=1)
    remark_decided: int = Field(10, ge=1)
    most_days: int = Field(366, ge=1)
