"""The deadlines of a bureau's violations, by the settings in force when each was detected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from corrections.domain.calendar import WorkCalendar
from corrections.domain.deadlines import Clock, Plan, Term, plan, told_again, towards
from corrections.domain.model import Severity
from corrections.settings import Calendar, Queue, Settings
from corrections.settings.section import in_force
from corrections.store.tables import Bureau, Violation


@dataclass(frozen=True, slots=True)
class Deadlines:
    """What the queue needs of the settings: its own, and when bureaus work."""

    queue: Queue
    calendar: Calendar

    @classmethod
    def of(cls, settings: Settings) -> Deadlines:
        """Those of the service's settings."""
        return cls(settings.queue, settings.calendar)

    def calendar_of(self, session: Session, bureau_id: int) -> WorkCalendar:
        """When a bureau works, on its wall clocks."""
        return self.calendar.at(ZoneInfo(session.get_one(Bureau, bureau_id).timezone))

    def term(self, session: Session, violation: Violation) -> Term:
        """The deadline that counts for a violation: of the entry in force on the local day of its detection, by its severity now."""
        day = self.calendar_of(session, violation.bureau_id).local_day(violation.detected_at)
        return in_force(self.queue.deadlines, day).of(Severity(violation.severity))

    def plan(self, session: Session, violation: Violation, since: datetime) -> Plan:
        """The moments of a violation that enters the queue at ``since``."""
        return plan(self.term(session, violation), self.calendar_of(session, violation.bureau_id), since)

    def towards(self, session: Session, violation: Violation, since: datetime) -> Plan:
        """The moments that belong to the due time that it has."""
        return towards(self.term(session, violation), self.calendar_of(session, violation.bureau_id), since, violation.due_at)

    def told_again(self, session: Session, violation: Violation, last: datetime, now: datetime) -> datetime:
        """When the bureau is told again of one that it was told of at ``last``; after ``now``."""
        return told_again(self.term(session, violation), self.calendar_of(session, violation.bureau_id), last, now)

    def presses(self, session: Session, violation: Violation, due_at: datetime, now: datetime) -> bool:
        """Whether one that is due at ``due_at`` runs day and night, and out before the bureau works again."""
        calendar = self.calendar_of(session, violation.bureau_id)
        if calendar.is_working(now) or self.term(session, violation).clock is Clock.WORKING:
            return False
        return due_at < calendar.opens(now)

    def pressing(self) -> list[Severity]:
        """The severities that run day and night, by any entry."""
        return [s for s in Severity if any(entry.of(s).clock is Clock.ALWAYS for entry in self.queue.deadlines)]

    def claimed_until(self, now: datetime) -> datetime:
        """Until when a claim holds whose holder did something at ``now``."""
        return now + timedelta(minutes=self.queue.claim_minutes)
