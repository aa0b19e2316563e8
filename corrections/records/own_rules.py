"""The conditions in force for a subject, as she is shown them: where she must stay and keep out, when, from whom, how often to report.

Whose zones bind her is told by the same rulebook that violations are found with. Nothing here tells where anybody is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, or_, select

from corrections.domain.model import FOREVER_US, Severity, Window, ZoneKind, ZoneVersion, from_us, to_us
from corrections.domain.rules import Spans
from corrections.domain.zones import window_spans
from corrections.records.own import own_subject
from corrections.records.own_words import HIDDEN_ZONE, Both, ban_words, interval_words, zone_words
from corrections.settings.portal import Portal
from corrections.store.access import Own
from corrections.store.rulebook import Rulebooks, as_windows
from corrections.store.tables import Bureau, ContactBan, Device, LeavePermit, Subject

AHEAD = timedelta(days=8)  # in which a weekly window comes round


@dataclass(frozen=True, slots=True)
class OwnZone:
    """A zone that binds her. ``outline`` (WKB, WGS-84 longitude and latitude) is None, and name and windows are empty, where it is not
    shown. ``until`` is when the window she is in ends, ``next_at`` when the next one begins; both None for a zone without windows."""

    zone_id: int
    kind: ZoneKind
    name: str
    windows: tuple[Window, ...]
    outline: bytes | None
    binds_now: bool
    until: datetime | None
    next_at: datetime | None
    text: Both


@dataclass(frozen=True, slots=True)
class OwnBan:
    """An order that keeps her from somebody, who is not named here."""

    distance_m: float
    minutes: float
    valid_from: datetime
    valid_until: datetime | None
    text: Both


@dataclass(frozen=True, slots=True)
class Conditions:
    """``located``: whether her phone may be located now, and until when. ``reporting`` None: no phone is registered. ``leave`` is leave
    in force now, during which the permitted areas let her go; prohibited ones do not."""

    located: bool
    located_until: datetime | None
    interval_s: int | None
    reporting: Both | None
    zones: list[OwnZone]
    bans: list[OwnBan]
    leave: list[LeavePermit]


def conditions(session: Session, own: Own, portal: Portal, now: datetime, books: Rulebooks | None = None) -> Conditions:
    """What binds her now. ``books`` keeps compiled zones for the next call."""
    subject = own_subject(session, own)
    zones, lawful_until = binding(session, subject, now, books, show_grave=portal.show_grave_zones)
    interval_s = _interval_s(session, own.subject_id)
    return Conditions(
        located=lawful_until is not None,
        located_until=lawful_until,
        interval_s=interval_s,
        reporting=interval_words(interval_s) if interval_s else None,
        zones=zones,
        bans=_bans(session, subject, now),
        leave=leave_in_force(session, own, now),
    )


def binding(
    session: Session, subject: Subject, now: datetime, books: Rulebooks | None = None, *, show_grave: bool = True
) -> tuple[list[OwnZone], datetime | None]:
    """The zones that bind a subject now, the permitted ones first, and until when she may lawfully be located (None: she may not)."""
    assert subject.id is not None
    book = (books or Rulebooks()).load(session, subject.bureau_id, [subject.id])
    mine, at = book.bindings.versions_of(subject.id, book.zones), to_us(now)
    timezone = ZoneInfo(session.get_one(Bureau, subject.bureau_id).timezone)
    versions = [v for v in book.zones.versions if v.id in mine and v.valid_from_us <= at < v.valid_until_us]
    zones = [_zone(version, timezone, now, show_grave) for version in versions]
    zones.sort(key=lambda zone: (zone.kind is ZoneKind.EXCLUSION, bool(zone.windows), zone.zone_id))
    return zones, _lawful_until(book.lawful.get(subject.id, ()), at)


def leave_in_force(session: Session, own: Own, now: datetime) -> list[LeavePermit]:
    """Her leave that lasts now; of regular activity only what has its window now."""
    p = LeavePermit
    statement = select(p).where(p.subject_id == own.subject_id, p.valid_from <= now, p.valid_until > now)
    found = session.exec(statement.where(col(p.revoked_at).is_(None) | (col(p.revoked_at) > now)).order_by(col(p.id))).all()
    timezone = ZoneInfo(session.get_one(Bureau, own_subject(session, own).bureau_id).timezone)
    return [permit for permit in found if _window_now(as_windows(permit.windows), timezone, now)[0]]


def _zone(version: ZoneVersion, timezone: ZoneInfo, now: datetime, show_grave: bool) -> OwnZone:
    binds, until, next_at = _window_now(version.windows, timezone, now)
    if version.severity is Severity.GRAVE and version.kind is ZoneKind.EXCLUSION and not show_grave:
        return OwnZone(version.zone_id, version.kind, "", (), None, binds, None, None, HIDDEN_ZONE)
    text = zone_words(version.kind, version.name, version.windows)
    return OwnZone(version.zone_id, version.kind, version.name, version.windows, version.wkb, binds, until, next_at, text)


def _window_now(windows: tuple[Window, ...], timezone: ZoneInfo, now: datetime) -> tuple[bool, datetime | None, datetime | None]:
    """Whether a zone with these windows binds now, until when, and when it does next."""
    if not windows:
        return True, None, None
    at = to_us(now)
    opens, shuts = window_spans(windows, timezone, at, to_us(now + AHEAD))
    spans = list(zip(opens.tolist(), shuts.tolist(), strict=True))
    until = next((shut for start, shut in spans if start <= at < shut), None)
    following = next((start for start, _ in spans if start > at), None)
    return until is not None, None if until is None else from_us(until), None if following is None else from_us(following)


def _lawful_until(spans: Spans, at: int) -> datetime | None:
    until = next((end for start, end in spans if start <= at < end), None)
    return None if until is None else from_us(min(until, FOREVER_US))


def _interval_s(session: Session, subject_id: int) -> int | None:
    devices = session.exec(select(Device.interval_s).where(Device.subject_id == subject_id, col(Device.active).is_(True))).all()
    return min(devices, default=None)


def _bans(session: Session, subject: Subject, now: datetime) -> list[OwnBan]:
    b = ContactBan
    statement = select(b).where(or_(b.subject_id == subject.id, b.other_id == subject.id), b.valid_from <= now)
    statement = statement.where(col(b.valid_until).is_(None) | (col(b.valid_until) > now))
    found = session.exec(statement.where(col(b.revoked_at).is_(None) | (col(b.revoked_at) > now)).order_by(col(b.id))).all()
    return [OwnBan(ban.distance_m, ban.minutes, ban.valid_from, ban.valid_until, ban_words(ban.distance_m)) for ban in found]
