"""The law's terms and the articles they rest on, with their days of validity. See config/legal.toml."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, time
from typing import Self

from pydantic import Field, field_validator, model_validator

from corrections.domain.legal import Terms
from corrections.settings.section import Dated, Section, in_force, in_order


class LegalTerms(Dated):
    """The numbers of the law, for terms that start from a local day on."""

    reporting_days: int = Field(10, ge=1)
    contact_days: int = Field(10, ge=1)
    contact_months: int = Field(1, ge=1)
    last_day_to_last_day: bool = False
    admonitions: int = Field(2, ge=1)
    warnings: int = Field(2, ge=1)

    def as_terms(self) -> Terms:
        """As the domain takes them."""
        return Terms(
            reporting_days=self.reporting_days,
            contact_days=self.contact_days,
            contact_months=self.contact_months,
            last_to_last=self.last_day_to_last_day,
            admonitions=self.admonitions,
            warnings=self.warnings,
        )


class Article(Dated):
    """An article of law or a rule, as the reader sees it. ``quoted``: ``text_zh`` are its own words; else it is told in ours.
    ``verified``: it was read at its ``source``; what was not is never quoted."""

    key: str = Field(min_length=1)
    name_zh: str = Field(min_length=1)
    name_en: str = Field(min_length=1)
    text_zh: str = ""
    text_en: str = ""
    quoted: bool = False
    verified: bool = False
    source: str = ""

    @model_validator(mode="after")
    def _honest(self) -> Self:
        if self.quoted and not self.verified:
            raise ValueError(f"{self.key}: what is not verified is not quoted")
        if self.verified and not self.source:
            raise ValueError(f"{self.key}: say where it was read")
        return self


class Legal(Section):
    """See config/legal.toml for the meaning of each."""

    remind_at: time = time(8, 30)
    edge_ahead_days: int = Field(1, ge=0, le=30)
    term_ahead_days: int = Field(30, ge=0, le=366)
    authority_ahead_days: int = Field(14, ge=0, le=92)
    agenda_days: int = Field(30, ge=1, le=366)
    terms: tuple[LegalTerms, ...] = (LegalTerms(valid_from=date(2020, 7, 1)),)
    articles: tuple[Article, ...] = ()

    @field_validator("terms")
    @classmethod
    def _by_day(cls, entries: tuple[LegalTerms, ...]) -> tuple[LegalTerms, ...]:
        return in_order(entries)

    @field_validator("articles")
    @classmethod
    def _by_key_and_day(cls, entries: tuple[Article, ...]) -> tuple[Article, ...]:
        by_key: dict[str, list[Article]] = defaultdict(list)
        for entry in entries:
            by_key[entry.key].append(entry)
        return tuple(entry for key in by_key for entry in in_order(tuple(by_key[key])))

    def terms_on(self, day: date) -> Terms:
        """The numbers for a term that starts on a local day."""
        return in_force(self.terms, day).as_terms()

    def article(self, key: str, day: date) -> Article | None:
        """An article as it stands on a local day; None where the settings do not hold it."""
        entries = [entry for entry in self.articles if entry.key == key]
        return in_force(entries, day) if entries else None
