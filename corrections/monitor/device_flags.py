"""Doubts about devices: whether what one sends has another datum than it is registered with, kept as flags that begin and end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from sqlmodel import Session, col, select

from corrections.domain.geodesy import distance_m
from corrections.domain.left_behind import LeftBehindRule
from corrections.domain.model import SOURCES, Datum, FlagKind, Source, from_us
from corrections.domain.offsets import (
    LOOK_BACK_NIGHTS,
    NIGHT_UNTIL,
    Doubt,
    Match,
    OffsetRule,
    Reference,
    Rest,
    doubts,
    match,
    rests,
)
from corrections.domain.pattern_reasons import doubt_reason
from corrections.domain.patterns import Track, local_us
from corrections.domain.rules import Rulebook
from corrections.domain.zones import from_us_local_date, local_midnight_us
from corrections.monitor.pattern_evidence import Told
from corrections.monitor.tracks import Tracks, pattern_rules
from corrections.store.tables import Device, DeviceFlag

SMALL_ZONE_M = 300.0  # a permitted area of at most this radius is a place to sleep in
OTHER_DEVICE_M = 30.0
SAME_DEVICE_M = 20.0
WIFI, SATELLITE = SOURCES.index(Source.WIFI), SOURCES.index(Source.SATELLITE)


def settle_flags(session: Session, tracks: Tracks, told: Told, first: date) -> None:
    """Make the stored flags of a subject's devices those that her nights say, for days from ``first`` on that are over."""
    rules = pattern_rules(told.rules.patterns)
    back = first - timedelta(days=LOOK_BACK_NIGHTS)
    track = tracks.of(told.subject_id, local_midnight_us(back, told.timezone))
    if not len(track):
        return
    until = _until(int(track.fix_us[-1]), told.timezone, rules.left_behind)
    book = tracks.book(told.subject_id)
    slept = {d.id: rests(track.take(track.device == d.id), told.timezone, rules.offset) for d in tracks.devices(told.subject_id) if d.id}
    for device in tracks.devices(told.subject_id):
        if device.id is None:
            continue
        nights = _told(device, track, slept, book, told, rules.offset)
        standing = _standing(session, device.id, first, told.timezone)
        found = doubts(nights, Datum(device.datum), rules.offset, first, until, standing)
        _write(session, device, told, found, first)


def _until(latest_us: int, timezone: ZoneInfo, rule: LeftBehindRule) -> date:
    """The first day that is not over yet."""
    day = from_us_local_date(latest_us, timezone)
    return day + timedelta(days=1) if latest_us >= local_us(day, rule.waking_until, timezone) else day


def _told(
    device: Device, track: Track, slept: Mapping[int, Mapping[date, Rest]], book: Rulebook, told: Told, rule: OffsetRule
) -> dict[date, Match | bool | None]:
    """What each of a device's nights says, by the best reference at hand: the small permitted area that bound then, else another device,
    else its own satellite fixes for its Wi-Fi fixes."""
    assert device.id is not None
    declared, mine = Datum(device.datum), track.take(track.device == device.id)
    by_source = {source: rests(mine.take(mine.source == source), told.timezone, rule) for source in (WIFI, SATELLITE)}
    said: dict[date, Match | bool | None] = {}
    for day in sorted({*slept[device.id], *(by_source[WIFI].keys() & by_source[SATELLITE].keys())}):
        rest, references = slept[device.id].get(day), _zones(book, told, day) or _others(device.id, slept, day)
        if not references and day in by_source[WIFI] and day in by_source[SATELLITE]:
            satellite = by_source[SATELLITE][day]
            rest, references = by_source[WIFI][day], [Reference(satellite.lat, satellite.lon, SAME_DEVICE_M, "source")]
        said[day] = None if rest is None else match(rest, references, declared, rule)
    return said


def _others(device_id: int, slept: Mapping[int, Mapping[date, Rest]], day: date) -> list[Reference]:
    """Where the subject's other devices rested in the night that ended on a day."""
    beside = [nights[day] for other, nights in slept.items() if other != device_id and day in nights]
    return [Reference(rest.lat, rest.lon, OTHER_DEVICE_M, "device") for rest in beside]


def _zones(book: Rulebook, told: Told, day: date) -> list[Reference]:
    """The small permitted areas that bound a subject in the night that ended on a day."""
    at_us = local_us(day, NIGHT_UNTIL, told.timezone) - 1
    bound = book.bindings.versions_of(told.subject_id, book.zones)
    found = []
    for i, version in enumerate(book.zones.versions):
        at = np.array([i], dtype=np.int64)
        if version.id not in bound or not book.zones.inclusion[i] or not book.zones.in_force(at, np.array([at_us]))[0]:
            continue
        west, south, east, north = book.zones.bounds[i].tolist()
        radius_m = distance_m(south, west, north, east) / 2 / 2**0.5
        if radius_m <= SMALL_ZONE_M and book.zones.windows(at, np.array([at_us], dtype=np.int64), told.timezone)[0][0]:
            centre = shapely.centroid(book.zones.outlines[i])
            found.append(Reference(float(centre.y), float(centre.x), radius_m, "zone"))
    return found


def _standing(session: Session, device_id: int, first: date, timezone: ZoneInfo) -> Doubt | None:
    """The doubt in progress on the day before ``first``."""
    for flag in _stored(session, device_id):
        ended = None if flag.until is None else _day(flag.until, timezone)
        if _day(flag.since, timezone) < first and (ended is None or ended >= first):
            return Doubt(FlagKind(flag.kind), Datum(flag.detail["looks_like"]), _day(flag.since, timezone), None, ())
    return None


def _write(session: Session, device: Device, told: Told, found: list[Doubt], first: date) -> None:
    """Flags are no evidence against anybody: what the nights do not bear out any more is forgotten."""
    assert device.id is not None
    known = {flag.since: flag for flag in _stored(session, device.id)}
    for doubt in found:
        since = from_us(local_us(doubt.since, NIGHT_UNTIL, told.timezone))
        until = None if doubt.until is None else from_us(local_us(doubt.until, NIGHT_UNTIL, told.timezone))
        flag = known.pop(since, None)
        if flag is None:
            flag = DeviceFlag(device_id=device.id, subject_id=told.subject_id, kind=doubt.kind.value, since=since)
        flag.until, flag.kind = until, doubt.kind.value
        if doubt.nights:  # one that goes on keeps the nights that raised it
            flag.detail = _detail(doubt, Datum(device.datum))
        session.add(flag)
    for flag in known.values():
        if _day(flag.since, told.timezone) >= first:
            session.delete(flag)
    session.flush()


def _detail(doubt: Doubt, declared: Datum) -> dict[str, Any]:
    zh, en = doubt_reason(doubt, declared)
    nights = [asdict(night) | {"day": night.day.isoformat(), "looks_like": night.looks_like.value} for night in doubt.nights]
    return {"declared": declared.value, "looks_like": doubt.looks_like.value, "nights": nights, "zh": zh, "en": en}


def _stored(session: Session, device_id: int) -> list[DeviceFlag]:
    f = DeviceFlag
    return list(session.exec(select(f).where(f.device_id == device_id).order_by(col(f.since))))


def _day(at: datetime, timezone: ZoneInfo) -> date:
    return at.astimezone(timezone).date()
