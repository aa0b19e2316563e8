"""How random moments came about, for the auditor: derived again from the secret that was committed to, and compared with what is stored.

Only of days that are over, and never a position. A secret that is not used any more is shown whole, so that any other program can do the
same (the recipe is in ``domain.checks``); one in use would tell what is still to come.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, select

from corrections.domain.checks import commitment
from corrections.errors import Invalid, NotFound
from corrections.monitor.schedule import District, district_of, in_force, on_register, slots
from corrections.records.audit import record_by
from corrections.records.check_secrets import COMMIT
from corrections.review.roster import on_duty
from corrections.settings import Settings
from corrections.store.access import Action, Actor
from corrections.store.tables import AuditEvent, Bureau, CheckIn, CheckRound, CheckSecret, ScheduleMark

DAY = timedelta(days=1)


class Match(StrEnum):
    MATCHES = "matches"
    NOT_DERIVED = "not_derived"  # it is stored, but does not follow from the secret
    NOT_STORED = "not_stored"  # it follows from the secret, but nothing is stored of it


@dataclass(frozen=True, slots=True)
class Compared:
    """One moment of a schedule. ``about`` is ``office:1`` or ``subject:12``; ``stored_id`` that of the round or check-in."""

    purpose: str
    schedule: str
    about: str
    at: datetime
    stored_id: int | None
    match: Match


@dataclass(frozen=True, slots=True)
class Commitment:
    """A secret that the day's moments follow from. ``sound``: it gives the commitment, which is in the audit chain, from ``committed_at``
    on. ``secret`` (hexadecimal) is shown once no moment to come follows from it."""

    valid_from: datetime
    commitment: str
    committed_at: datetime | None
    sound: bool
    secret: str | None


@dataclass(frozen=True, slots=True)
class Rederived:
    """A day's moments, derived again. What is not stored is reckoned by the register and the roster of today: somebody who joined, moved
    or changed level since may explain it; so may a schedule that began, or a subject who was enrolled, in the course of the day."""

    day: date
    matches: bool
    compared: list[Compared]
    commitments: list[Commitment]


def rederive(session: Session, actor: Actor | None, bureau_id: int, day: date, settings: Settings, now: datetime) -> Rederived:
    """Compare the moments of a past local day with the rounds and check-ins that are stored. By the auditor, or the operator at the
    machine; that it was done is recorded.

    Raises Invalid (the day is not over), Forbidden, NotFound.
    """
    if actor is not None:
        actor.require(Action.REDERIVE)
        bureau_id = actor.bureau_id
    bureau = session.get(Bureau, bureau_id)
    if bureau is None:
        raise NotFound(f"There is no bureau {bureau_id}.", f"没有编号 {bureau_id} 的司法局。", field="bureau")
    district = district_of(session, settings, bureau, now)
    start, end = (datetime.combine(d, time(), district.timezone).astimezone(UTC) for d in (day, day + DAY))
    if end > now:
        raise Invalid("Moments are shown of days that are over.", "只能核验已结束日期的随机时刻。", field="day")
    found = [*_compare(_rounds(session, settings, district, start, end), _stored_rounds(session, district, start, end), "round")]
    found += _compare(_check_ins(session, settings, district, start, end), _stored_check_ins(session, district, start, end), "check_in")
    matches = all(one.match is Match.MATCHES for one in found)
    record_by(session, actor, "checks.rederive", detail={"bureau": bureau_id, "day": day.isoformat(), "matches": matches}, now=now)
    commitments = [_commitment(session, district, secret, now) for secret in _used(district, start, end)]
    return Rederived(day, matches and all(one.sound for one in commitments), found, commitments)


Key = tuple[str, str, datetime]
"""Schedule, about whom or what, moment."""


def _compare(derived: set[Key], stored: dict[Key, int], purpose: str) -> Iterator[Compared]:
    for schedule, about, at in sorted(derived | stored.keys(), key=lambda key: (key[2], key[0], key[1])):
        key = (schedule, about, at)
        match = Match.MATCHES if key in derived and key in stored else Match.NOT_STORED if key in derived else Match.NOT_DERIVED
        yield Compared(purpose, schedule, about, at, stored.get(key), match)


def _rounds(session: Session, settings: Settings, district: District, start: datetime, end: datetime) -> set[Key]:
    """The moments at which an office with subjects should have had rounds."""
    people = on_register(session, district.id, end - timedelta(seconds=1))
    derived: set[Key] = set()
    for name in _begun(session, settings, district, "round", start):
        entries = in_force(settings, district, name, start - DAY, end)
        for office_id, office in district.offices.items():
            for slot in _within(slots(district, entries, f"office:{office_id}", *_just(start, end)), start, end):
                entry = slot.schedule
                covered = any(s.office_id == office_id and entry.covers_level(s.level) for s in people)
                wanted = not entry.only_on_duty or bool(on_duty(session, district.id, office_id, slot.at))
                if covered and wanted and entry.covers_office(office.code, district.bureau.code):
                    derived.add((name, f"office:{office_id}", slot.at))
    return derived


def _check_ins(session: Session, settings: Settings, district: District, start: datetime, end: datetime) -> set[Key]:
    people = on_register(session, district.id, end - timedelta(seconds=1))
    derived: set[Key] = set()
    for name in _begun(session, settings, district, "check_in", start):
        entries = in_force(settings, district, name, start - DAY, end)
        for subject in people:
            office = district.offices[subject.office_id]
            for slot in _within(slots(district, entries, f"subject:{subject.id}", *_just(start, end)), start, end):
                if slot.schedule.covers_level(subject.level) and slot.schedule.covers_office(office.code, district.bureau.code):
                    derived.add((name, f"subject:{subject.id}", slot.at))
    return derived


def _begun(session: Session, settings: Settings, district: District, purpose: str, start: datetime) -> list[str]:
    """The schedules of a purpose that were carried out in this bureau at all, up to a day's beginning or later."""
    marks = {mark.name: mark.at for mark in session.exec(select(ScheduleMark))}
    return [name for name in settings.checks.names(purpose) if marks.get(f"{district.id}/{name}", start) > start]


def _just(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """``[start, end)`` to the second as ``(after, until]``."""
    return start - timedelta(seconds=1), end - timedelta(seconds=1)


def _within(found: Sequence[Any], start: datetime, end: datetime) -> Iterator[Any]:
    return (slot for slot in found if start <= slot.at < end)


def _stored_rounds(session: Session, district: District, start: datetime, end: datetime) -> dict[Key, int]:
    r = CheckRound
    mine = select(r).where(r.bureau_id == district.id, r.schedule != "", r.slot_at >= start, r.slot_at < end)
    return {(one.schedule, f"office:{one.office_id}", one.slot_at): one.id or 0 for one in session.exec(mine.order_by(col(r.id).desc()))}


def _stored_check_ins(session: Session, district: District, start: datetime, end: datetime) -> dict[Key, int]:
    c = CheckIn
    mine = select(c).where(c.bureau_id == district.id, c.schedule != "", c.slot_at >= start, c.slot_at < end)
    return {(one.schedule, f"subject:{one.subject_id}", one.slot_at): one.id or 0 for one in session.exec(mine.order_by(col(c.id)))}


def _used(district: District, start: datetime, end: datetime) -> list[CheckSecret]:
    """The secrets that moments of a day may follow from: its own, and that of the day before, whose windows may reach into it."""
    ends = [row.valid_from for row in district.secrets[1:]]
    return [
        row for i, row in enumerate(district.secrets) if row.valid_from < end and (i >= len(ends) or ends[i] > start - DAY)
    ]  # fmt: skip


def _commitment(session: Session, district: District, row: CheckSecret, now: datetime) -> Commitment:
    a = AuditEvent
    events = session.exec(select(a).where(a.action == COMMIT).order_by(col(a.id))).all()
    event = next((e for e in events if e.detail.get("commitment") == row.commitment and e.detail.get("bureau") == district.id), None)
    following = next((other.valid_from for other in district.secrets if other.valid_from > row.valid_from), None)
    over = following is not None and following + DAY <= now  # a window of its last day may pass midnight
    sound = event is not None and commitment(row.secret) == row.commitment
    return Commitment(row.valid_from, row.commitment, event.at if event else None, sound, row.secret.hex() if over else None)
