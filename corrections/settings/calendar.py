"""Working days and hours: those of China with its swapped days, from the library ``holidays``, and what the bureau sets besides."""

from __future__ import annotations

from datetime import date, time
from functools import lru_cache
from itertools import pairwise
from typing import Self
from zoneinfo import ZoneInfo

import holidays
from pydantic import field_validator, model_validator

from corrections.domain.calendar import WorkCalendar
from corrections.settings.section import Section

YEARS = range(2015, 2041)


class Span(Section):
    """A span of working hours within a day."""

    start: time
    until: time

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.until <= self.start:
            raise ValueError("a span of working hours ends after it begins, on the same day")
        return self


class Calendar(Section):
    """When the bureau works. See config/calendar.toml."""

    country: str = "CN"
    hours: tuple[Span, ...] = (Span(start=time(8, 30), until=time(12)), Span(start=time(13, 30), until=time(17, 30)))
    days_off: tuple[date, ...] = ()
    days_worked: tuple[date, ...] = ()

    @field_validator("country")
    @classmethod
    def _known(cls, code: str) -> str:
        if code and code not in holidays.list_supported_countries():
            raise ValueError(f"{code!r} is not a country whose holidays are known; empty: none, weekends only")
        return code

    @model_validator(mode="after")
    def _apart(self) -> Self:
        spans = sorted(self.hours, key=lambda span: span.start)
        if not spans or any(one.until > other.start for one, other in pairwise(spans)):
            raise ValueError("hours: at least one span, none overlapping another")
        if both := set(self.days_off) & set(self.days_worked):
            raise ValueError(f"{min(both)} is both a day off and a day worked")
        return self

    def at(self, timezone: ZoneInfo) -> WorkCalendar:
        """The calendar on a bureau's wall clocks, from 2015 to 2040."""
        return _calendar(self, timezone)

    def swaps_known(self, year: int) -> bool:
        """Whether the year's swapped days are known: before the State Council's notice is in a release of the library only the statutory
        days are, unless the bureau has set days of that year."""
        if not self.country:
            return True
        return any(day.year == year for day in (*self.days_worked, *_statutory(self.country)[1]))


@lru_cache(maxsize=64)
def _calendar(settings: Calendar, timezone: ZoneInfo) -> WorkCalendar:
    off, worked = _statutory(settings.country) if settings.country else (frozenset(), frozenset())
    return WorkCalendar(
        timezone=timezone,
        hours=tuple(sorted((span.start, span.until) for span in settings.hours)),
        days_off=off.union(settings.days_off).difference(settings.days_worked),
        days_worked=worked.union(settings.days_worked).difference(settings.days_off),
    )


@lru_cache(maxsize=8)
def _statutory(country: str) -> tuple[frozenset[date], frozenset[date]]:
    """The days off, and the days of weekends that are worked instead."""
    known = holidays.country_holidays(country, years=YEARS)
    return frozenset(known), frozenset(known.weekend_workdays)
