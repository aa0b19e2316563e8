"""The invented world of the simulated month: three offices with eleven of their staff, the roster, and what happens to 280 subjects.

Everything follows from a seed. What happens is drawn, not detected: reports of a whole month would only test detection again.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, select

from corrections.domain.model import Category, Level, Nature, Role, Rule, Scope, Severity, ZoneKind
from corrections.records import accounts, register, roster, zones
from corrections.records.outlines import circle
from corrections.records.permits import Basis, grant_authority
from corrections.settings import Settings
from corrections.store.tables import Officer, Subject, Violation, Zone, ZoneRevision

ZONE = ZoneInfo("Asia/Shanghai")
FIRST, LAST = date(2026, 9, 14), date(2026, 10, 13)  # thirty days with Mid-Autumn, National Day and two swapped weekends
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

SUBJECTS = 280
OFFICES = ("YX1", "YX2", "YX3")
OFFICERS = {"yx1": ("a", "b", "c"), "yx2": ("d", "e", "f"), "yx3": ("g", "h")}  # office: its officers
DEPUTIES = {"a": "b", "b": "a", "c": "a", "d": "e", "e": "f", "f": "d", "g": "h", "h": "g"}


def local(day: date, at: time = time()) -> datetime:
    """A moment on the bureau's wall clocks, in UTC."""
    return datetime.combine(day, at, ZONE).astimezone(UTC)


def days() -> Iterator[date]:
    return (FIRST + i * DAY for i in range((LAST - FIRST).days + 1))


START, END = local(FIRST), local(LAST + DAY)
SETTLED = START - 30 * DAY  # when the district was set up


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens to a subject: a rule broken, or seeming so, from ``at`` for ``lasts``."""

    at: datetime
    lasts: timedelta
    subject: int  # from 0
    rule: Rule
    severity: Severity
    zone: str | None = None


# rule, severity, zone, how many of 100 subjects a day, local hours, least and most minutes. [the district of DT20 handled about 13
# online warnings a day; alertbench's two presets add 0.2 to 1.2 false ones per 100 subject-days]
KINDS: tuple[tuple[Rule, Severity, str | None, float, tuple[int, int], tuple[int, int]], ...] = (
    (Rule.SILENCE, Severity.MEDIUM, None, 2.0, (0, 24), (70, 900)),
    (Rule.BOUNDARY, Severity.HIGH, "district", 0.7, (6, 23), (20, 600)),
    (Rule.BOUNDARY, Severity.MEDIUM, "curfew", 0.5, (22, 24), (15, 240)),
    (Rule.BOUNDARY, Severity.GRAVE, "victim", 0.08, (8, 23), (5, 60)),
    (Rule.LOW_BATTERY, Severity.LOW, None, 0.6, (8, 22), (240, 900)),
    (Rule.LEFT_BEHIND, Severity.MEDIUM, None, 0.1, (9, 20), (600, 1500)),
    (Rule.IMPLAUSIBLE_MOVEMENT, Severity.LOW, None, 0.1, (0, 24), (10, 60)),
)


def happenings(seed: int) -> list[Event]:
    """What happens in the month, in order of time; several things may happen to one subject at once."""
    chance, found = random.Random(seed), []
    for day in days():
        for rule, severity, zone, of_hundred, (first, last), (least, most) in KINDS:
            for subject in range(SUBJECTS):
                if chance.random() < of_hundred / 100:
                    at = local(day) + chance.randrange(first * 60, last * 60) * MINUTE
                    found.append(Event(at, chance.randrange(least, most) * MINUTE, subject, rule, severity, zone))
    return sorted(found, key=lambda event: (event.at, event.subject, event.rule.value, event.zone or ""))


def settle(session: Session, settings: Settings, seed: int) -> None:
    """The bureau, its offices, staff, zones and subjects, with deputies, absences and the duty roster of the month."""
    register.create_bureau(session, None, code="YX", name="云溪区司法局", now=SETTLED)
    for i, code in enumerate(OFFICES):
        register.create_office(session, None, bureau_id=1, code=code, name=f"第{'一二三'[i]}司法所", now=SETTLED)
    _staff(session)
    _zones(session)
    _subjects(session, settings, random.Random(seed))
    _roster(session)


def officer(session: Session, login: str) -> Officer:
    return session.exec(select(Officer).where(Officer.login == login)).one()


def _staff(session: Session) -> None:
    for i, (office, logins) in enumerate(OFFICERS.items(), start=1):
        accounts.create_officer(session, None, office_id=i, login=f"head-{office}", name=f"所长{i}", role=Role.OFFICE_HEAD, now=SETTLED)
        for login in logins:
            accounts.create_officer(session, None, office_id=i, login=login, name=f"干部{login}", role=Role.OFFICER, now=SETTLED)
    accounts.create_officer(session, None, office_id=1, login="bureau", name="局管理科", role=Role.BUREAU, now=SETTLED)
    for login, deputy in DEPUTIES.items():
        accounts.change_officer(
            session, None, _id(officer(session, login)), deputy_id=officer(session, deputy).id, settings=Settings(), now=SETTLED
        )


def _zones(session: Session) -> None:
    for code, kind, severity in (
        ("district", ZoneKind.INCLUSION, Severity.HIGH),
        ("curfew", ZoneKind.INCLUSION, Severity.MEDIUM),
        ("victim", ZoneKind.EXCLUSION, Severity.GRAVE),
    ):
        terms = zones.Terms(code=code, name=code, kind=kind, scope=Scope.EVERYONE, severity=severity)
        zones.publish_zone(session, None, 1, terms, circle(41.5, 122.7, 5_000), valid_from=SETTLED, now=SETTLED)


def _subjects(session: Session, settings: Settings, chance: random.Random) -> None:
    staff = [officer(session, login) for logins in OFFICERS.values() for login in logins]
    for i in range(SUBJECTS):
        hers = staff[i % len(staff)]
        subject = register.create_subject(
            session, None, office_id=hers.office_id, number=f"YX-{i:04d}", name=f"对象{i}",
            category=chance.choice([c for c in Category if c is not Category.RELEASED]), level=chance.choice(list(Level)),
            term_from=SETTLED - 100 * DAY, term_until=END + chance.randrange(1, 600) * DAY, officer_id=hers.id, now=SETTLED,
        )  # fmt: skip
        grant_authority(
            session, None, _id(subject), basis=Basis.ARTICLE26, valid_from=SETTLED, valid_until=END + 300 * DAY, approved_by="区司法局",
            approved_on=SETTLED, rules=settings.rules, now=SETTLED,
        )  # fmt: skip


def _roster(session: Session) -> None:
    """Nights from half past five to half past eight, and whole days off, go round among the officers, each for all offices."""
    calendar = Settings().calendar.at(ZONE)
    staff = [login for logins in OFFICERS.values() for login in logins]
    for i, day in enumerate(days()):
        starts = time(17, 30) if calendar.is_working_day(day) else time(8, 30)
        roster.plan_duty(
            session, None, _id(officer(session, staff[i % len(staff)])), starts_at=local(day, starts),
            ends_at=local(day + DAY, time(8, 30)), now=SETTLED,
        )  # fmt: skip


def new_violation(session: Session, event: Event, now: datetime) -> Violation:
    """The violation of an event, as the queue takes it."""
    subject = session.exec(select(Subject).where(Subject.number == f"YX-{event.subject:04d}")).one()
    zone: dict[str, Any] = {}
    if event.zone is not None:
        found = session.exec(select(Zone).where(Zone.code == event.zone)).one()
        revision = session.exec(select(ZoneRevision).where(ZoneRevision.zone_id == found.id)).one()
        zone = {"zone_id": found.id, "zone_revision_id": revision.id}
    return Violation(
        bureau_id=subject.bureau_id, office_id=subject.office_id, subject_id=_id(subject), rule=event.rule.value,
        nature=Nature.TECHNICAL.value, severity=event.severity.value, started_at=now - 10 * MINUTE, opened_at=now, last_fix_at=now,
        detected_at=now, evidence={}, reason_zh="模拟", reason_en="simulated", **zone,
    )  # fmt: skip


def _id(row: Officer | Subject) -> int:
    assert row.id is not None
    return row.id
