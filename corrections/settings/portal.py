"""The subject's own view: her link, what she is shown, for how long data is kept, by when an objection is answered."""

from __future__ import annotations

from datetime import date

from pydantic import Field, field_validator

from corrections.domain.model import Rule
from corrections.settings.section import Dated, Section, in_order


class Both(Section):
    """A text in both languages; empty: it has not been decided."""

    zh: str = ""
    en: str = ""


class Retention(Section):
    """For how long what is held is kept, as the subject reads it."""

    person: Both = Both()
    positions: Both = Both()
    violations: Both = Both()
    leave: Both = Both()
    checks: Both = Both()
    log: Both = Both()
    audit: Both = Both()


class ObjectionTerms(Dated):
    """By when an objection is answered, in working days."""

    answer_days: int = Field(10, ge=1, le=60)
    remind_days: int = Field(2, ge=0, le=30)
    again_days: int = Field(2, ge=1, le=30)


class Portal(Section):
    """See config/portal.toml for the meaning of each."""

    address: str = ""
    days_after_term: int = Field(30, ge=0, le=366)
    view_minutes: float = Field(60.0, gt=0)
    wrong_links: int = Field(30, ge=1)
    wrong_minutes: float = Field(10.0, gt=0)
    copies_a_day: int = Field(10, ge=1)
    objections_open: int = Field(20, ge=1)
    show_grave_zones: bool = True
    copy_log_words: bool = False
    withheld: tuple[Rule, ...] = (Rule.LEFT_BEHIND, Rule.MOCK_LOCATION, Rule.TOGETHER)
    looks_days: int = Field(365, ge=1)
    office_phones: dict[str, str] = {}
    procuratorate: Both = Both()
    retention: Retention = Retention()
    objections: tuple[ObjectionTerms, ...] = (ObjectionTerms(valid_from=date(2020, 7, 1)),)

    @field_validator("address")
    @classmethod
    def _bare(cls, address: str) -> str:
        if address and not address.startswith(("https://", "http://")):
            raise ValueError("address: https://HOST, or empty")
        return address.rstrip("/")

    @field_validator("objections")
    @classmethod
    def _by_day(cls, entries: tuple[ObjectionTerms, ...]) -> tuple[ObjectionTerms, ...]:
        return in_order(entries)
