"""Leave: who decides about how many days, by when, and when not being back becomes a matter. See config/leave.toml."""

from __future__ import annotations

from datetime import date

from pydantic import Field, field_validator

from corrections.domain.leave import RankTerms
from corrections.settings.section import Dated, Section, in_order


class LeaveTerms(Dated):
    """What is in force for requests made from a local day on."""

    office_days: int = Field(7, ge=0)
    each_days: int = Field(30, ge=1)
    total_days: int = Field(30, ge=1)
    total_months: int = Field(2, ge=1, le=12)
    regular_months: int = Field(6, ge=1, le=12)
    ahead_days: int = Field(3, ge=0)
    decide_days: int = Field(2, ge=1)
    not_delegated: tuple[str, ...] = ()
    overdue_minutes: float = Field(0.0, ge=0)
    head_hours: float = Field(4.0, gt=0)

    def ranks(self, office: str) -> RankTerms:
        """Who decides about how many days, in an office by its code."""
        delegated = office not in self.not_delegated
        return RankTerms(self.office_days, self.each_days, self.total_days, self.total_months, delegated)


class LeaveSettings(Section):
    terms: tuple[LeaveTerms, ...] = (LeaveTerms(valid_from=date(2020, 7, 1)),)

    @field_validator("terms")
    @classmethod
    def _by_day(cls, entries: tuple[LeaveTerms, ...]) -> tuple[LeaveTerms, ...]:
        return in_order(entries)
