"""The review queue: how long a claim holds, and by when what must be decided. See config/queue.toml."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Self

from pydantic import Field, field_validator, model_validator

from corrections.domain.deadlines import Clock, Term
from corrections.domain.model import Severity
from corrections.settings.section import Dated, Section, in_order


class SeverityTerm(Section):
    """By when a violation of one severity must be decided, and who is told when; hours of its clock."""

    clock: Clock
    decide_hours: float = Field(gt=0)
    remind_hours: float = Field(ge=0)
    deputy_hours: float = Field(ge=0)
    office_head_hours: float = Field(ge=0)
    bureau_hours: float = Field(ge=0)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.deputy_hours <= self.office_head_hours <= self.bureau_hours:
            raise ValueError("deputy_hours, office_head_hours and bureau_hours must not decrease")
        if self.remind_hours >= self.decide_hours:
            raise ValueError("remind_hours must be less than decide_hours")
        return self


def _term(clock: Clock, decide: float, remind: float, deputy: float, head: float, bureau: float) -> SeverityTerm:
    return SeverityTerm(
        clock=clock, decide_hours=decide, remind_hours=remind, deputy_hours=deputy, office_head_hours=head, bureau_hours=bureau
    )


class QueueTerms(Dated):
    """The deadlines of violations that are detected from a local day on."""

    again_hours: float = Field(4.0, gt=0)
    grave: SeverityTerm = _term(Clock.ALWAYS, 1, 0.5, 0, 0.5, 1)
    high: SeverityTerm = _term(Clock.ALWAYS, 4, 1, 0, 1, 2)
    medium: SeverityTerm = _term(Clock.WORKING, 8, 2, 0, 4, 8)
    low: SeverityTerm = _term(Clock.WORKING, 24, 4, 0, 8, 16)

    def of(self, severity: Severity) -> Term:
        """The deadline of a severity as the domain takes it."""
        given: SeverityTerm = getattr(self, severity.value)
        hours = (given.deputy_hours, given.office_head_hours, given.bureau_hours)
        first, second, third = (timedelta(hours=each) for each in hours)
        return Term(
            clock=given.clock,
            decide=timedelta(hours=given.decide_hours),
            remind=timedelta(hours=given.remind_hours),
            ranks=(first, second, third),
            again=timedelta(hours=self.again_hours),
        )


class Queue(Section):
    claim_minutes: float = Field(120.0, gt=0)
    deadlines: tuple[QueueTerms, ...] = (QueueTerms(valid_from=date(2020, 7, 1)),)

    @field_validator("deadlines")
    @classmethod
    def _by_day(cls, entries: tuple[QueueTerms, ...]) -> tuple[QueueTerms, ...]:
        return in_order(entries)
