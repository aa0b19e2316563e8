"""Carrying out schedules of location checks. Up to when each was carried out is a stored mark: what lies between it and now is due,
whoever looks and however late; whoever holds the mark's row is the only one to act.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlmodel import Session, col, select

from corrections.domain.calendar import WorkCalendar
from corrections.domain.checks import Draw, moments_between
from corrections.domain.model import SubjectStatus, to_us
from corrections.records.check_secrets import secret_for, secrets_of
from corrections.settings import Settings
from corrections.settings.checks import Schedule
from corrections.store.tables import Bureau, CheckSecret, Office, ScheduleMark, Subject

MOST_BACK = timedelta(days=31)
"""How far back a schedule is made up for after a stop; a longer one is an outage in the records."""

ON_REGISTER = (SubjectStatus.ACTIVE.value, SubjectStatus.CUSTODY.value)


@dataclass(frozen=True, slots=True)
class District:
    """A bureau as its schedules need it. ``secrets`` is what its random moments follow from."""

    bureau: Bureau
    calendar: WorkCalendar
    offices: Mapping[int, Office]
    secrets: Sequence[CheckSecret]

    @property
    def id(self) -> int:
        assert self.bureau.id is not None
        return self.bureau.id

    @property
    def timezone(self) -> ZoneInfo:
        return self.calendar.timezone

    def draw(self, schedule: Schedule, period: date, about: str) -> Draw | None:
        """What the random moments of a period follow from; None for a period from before there was a secret."""
        secret = secret_for(self.secrets, period, self.timezone)
        return None if secret is None else Draw(secret.secret, schedule.name, about)

    def later(self, began: datetime, at: datetime, minutes: float) -> datetime:
        """So many minutes after ``at``: of working time for what began in working hours, else of the clock."""
        span = timedelta(minutes=minutes)
        return self.calendar.after(at, span) if self.calendar.is_working(began) else at + span

    def clock(self, at: datetime) -> str:
        """A moment on the wall clock."""
        return f"{at.astimezone(self.timezone):%Y-%m-%d %H:%M}"


@dataclass(frozen=True, slots=True)
class Turn:
    """A schedule of a bureau of which what lies in ``(after, now]`` is to be carried out."""

    district: District
    name: str
    after: datetime


@dataclass(frozen=True, slots=True)
class Slot:
    """A moment at which a schedule has a check, by the entry in force then."""

    at: datetime
    schedule: Schedule


Entries = Mapping[Schedule, set[date]]
"""Entries of a schedule, each with the local days whose periods are by it."""


def turns(session: Session, settings: Settings, purpose: str, now: datetime) -> list[Turn]:
    """The schedules of a purpose that this process is to carry out now, until the transaction ends; their marks are moved to now.

    One that is met for the first time begins now: nothing of the past is made up for. One whose mark another process holds is left to it.
    """
    names = settings.checks.names(purpose)
    bureaus = [bureau for bureau in session.exec(select(Bureau).order_by(col(Bureau.id))) if bureau.id is not None]
    keys = {_key(bureau, name): (bureau, name) for bureau in bureaus for name in names if _concerns(settings, bureau, name)}
    taken = _take_marks(session, list(keys), now)
    districts: dict[int, District] = {}
    found = []
    for key, after in taken.items():
        bureau, name = keys[key]
        assert bureau.id is not None
        if bureau.id not in districts:
            districts[bureau.id] = district_of(session, settings, bureau, now)
        found.append(Turn(districts[bureau.id], name, max(after, now - MOST_BACK)))
    return found


def district_of(session: Session, settings: Settings, bureau: Bureau, now: datetime) -> District:
    """A bureau with its offices, calendar and secrets; the first secret is made here."""
    assert bureau.id is not None
    offices = {office.id: office for office in session.exec(select(Office).where(Office.bureau_id == bureau.id).order_by(col(Office.id)))}
    calendar = settings.calendar.at(ZoneInfo(bureau.timezone))
    return District(bureau, calendar, {i: o for i, o in offices.items() if i is not None}, secrets_of(session, bureau.id, now))


def in_force(settings: Settings, district: District, name: str, after: datetime, until: datetime) -> Entries:
    """The entries of a schedule whose periods may reach into ``(after, until]``, with the local days on which these begin: the entry of
    that day counts for all of its period, as it is decided then how many moments there are."""
    found: dict[Schedule, set[date]] = {}
    day, last = district.calendar.local_day(after) - timedelta(days=7), district.calendar.local_day(until)
    while day <= last:
        if (entry := settings.checks.schedule(name, day)) is not None:
            found.setdefault(entry, set()).add(day)
        day += timedelta(days=1)
    return found


def slots(district: District, entries: Entries, about: str, after: datetime, until: datetime) -> list[Slot]:
    """The moments in ``(after, until]`` about an office or a subject (``office:1``, ``subject:12``), in order."""
    found = [Slot(at, entry) for entry, days in entries.items() for at in _moments(district, entry, about, after, until, days)]
    return sorted(found, key=lambda slot: slot.at)


def on_register(session: Session, bureau_id: int, at: datetime) -> list[Subject]:
    """The bureau's subjects who serve their term at a moment, in custody or not, by number."""
    s = Subject
    mine = select(s).where(s.bureau_id == bureau_id, col(s.status).in_(ON_REGISTER), s.term_from <= at, s.term_until > at)
    return list(session.exec(mine.order_by(col(s.number), col(s.id))))


def may_be_located(lawful: Mapping[int, Sequence[tuple[int, int]]], subject_id: int, at: datetime) -> bool:
    """Whether a moment lies in the spans (µs) in which a subject may be located."""
    return any(start <= to_us(at) < end for start, end in lawful.get(subject_id, ()))


def _moments(district: District, entry: Schedule, about: str, after: datetime, until: datetime, days: set[date]) -> Iterator[datetime]:
    def draw_of(period: date) -> Draw | None:
        return district.draw(entry, period, about) if period in days else None

    yield from moments_between(entry.plan, district.calendar, after, until, draw_of)


def _concerns(settings: Settings, bureau: Bureau, name: str) -> bool:
    """Whether any entry of a schedule, past or future, is carried out in a bureau."""
    return any(
        entry.name == name and entry.enabled and (not entry.bureaus or bureau.code in entry.bureaus) for entry in settings.checks.schedules
    )


def _key(bureau: Bureau, name: str) -> str:
    return f"{bureau.id}/{name}"


def _take_marks(session: Session, keys: Sequence[str], now: datetime) -> dict[str, datetime]:
    """Move these marks to now and return where each was; those that begin now, that are held, or that lie ahead are left out."""
    m = ScheduleMark
    known = set(session.exec(select(m.name).where(col(m.name).in_(keys))))
    for key in keys:
        if key not in known:
            begin = text("INSERT INTO schedule_mark (name, at) VALUES (:name, :at) ON CONFLICT (name) DO NOTHING")
            session.execute(begin, {"name": key, "at": to_us(now)})
    statement = select(m).where(col(m.name).in_(known), col(m.at) < now).order_by(col(m.name)).with_for_update(skip_locked=True)
    taken: dict[str, datetime] = {}
    for mark in session.exec(statement.execution_options(populate_existing=True)):
        taken[mark.name], mark.at = mark.at, now
    session.flush()
    return taken
