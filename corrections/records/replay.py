"""轨迹回放: what is shown of one day of a subject: her fixes with their speed, where she stayed, which zones bound when, on which side she
was, what was found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlmodel import Session, col, select

from corrections.domain.geodesy import distances_m
from corrections.domain.model import ReviewState, ZoneVersion, to_us
from corrections.domain.rules import Spans, merged
from corrections.records import presence
from corrections.records.stays import Fix, Stay, stays
from corrections.records.whereabouts import Point, track
from corrections.settings import Settings
from corrections.store.access import Action, Actor, subject_for
from corrections.store.rulebook import Rulebooks
from corrections.store.tables import Violation, Zone

MOST_FIXES = 3_000
"""More fixes than that in a day are thinned evenly for the drawing; where the side changes both fixes stay."""


@dataclass(frozen=True, slots=True)
class Speed:
    """In metres a second: as the phone said, or else from the fix before. ``uncertain``: the fixes are no further apart than their radii
    explain, so that she may not have moved at all."""

    mps: float
    own: bool
    uncertain: bool


@dataclass(frozen=True, slots=True)
class Replay:
    """``fixes`` are real ones with a position, each with its speed (None: the first, or after a gap); ``thinned`` is of how many of them
    one is kept. A fix tells of ``hold_s`` seconds; what lies beyond is a gap. ``sides`` are the answers over all zones that bound while
    she might be located, ``zones`` the versions that bound her and when, ``leaves`` when she was on leave (µs). ``mocked`` and
    ``placeless`` are reports without a real position."""

    fixes: Sequence[tuple[Point, Speed | None]]
    thinned: int
    mocked: int
    placeless: int
    hold_s: int
    stays: Sequence[Stay]
    sides: Sequence[presence.Span]
    zones: Sequence[tuple[ZoneVersion, Spans]]
    leaves: Spans
    violations: Sequence[tuple[Violation, str | None]]


def replay(
    session: Session, actor: Actor, subject_id: int, start: datetime, end: datetime, purpose: str, settings: Settings, now: datetime
) -> Replay:
    """What happened in ``[start, end)``, as far as it is known now. In a writing session: the read is audited.

    Raises Invalid (no purpose), Forbidden, NotFound.
    """
    points = track(session, actor, subject_id, start, end, purpose, settings, now).points
    subject = subject_for(session, actor, subject_id, Action.READ_LOCATION)
    books = Rulebooks()
    known = presence.whereabouts(session, subject, start, min(end, max(now, start)), settings, books)
    book = books.load(session, subject.bureau_id, [subject_id])
    hold_s = presence.hold_s(session, subject_id)
    fixes = [one for one in points if one.lat is not None and not one.mock]
    timed = list(zip(fixes, speeds(fixes, hold_s), strict=True))
    kept, thinned = _thinned(timed)
    leaves = merged((max(leave.from_us, to_us(start)), min(leave.until_us, to_us(end))) for leave in book.leaves.get(subject_id, ()))
    return Replay(
        fixes=kept,
        thinned=thinned,
        mocked=sum(one.mock for one in points),
        placeless=sum(one.lat is None for one in points),
        hold_s=hold_s,
        stays=stays([Fix(one.fix_time, one.lat or 0.0, one.lon or 0.0, one.accuracy_m) for one in fixes]),
        sides=known.overall,
        zones=[(one, _joined(known.by_version[one.id])) for one in book.zones.versions if known.by_version.get(one.id)],
        leaves=tuple((a, b) for a, b in leaves if a < b),
        violations=list(_violations(session, subject_id, start, end)),
    )


def speeds(fixes: Sequence[Point], hold_s: float) -> list[Speed | None]:
    """The speed at each of these fixes, which have a position and are in order of time."""
    if not fixes:
        return []
    lat, lon = np.array([one.lat for one in fixes], dtype=np.float64), np.array([one.lon for one in fixes], dtype=np.float64)
    apart_m = [0.0, *distances_m(lat[:-1], lon[:-1], lat[1:], lon[1:]).tolist()]
    return [_speed(fixes[i - 1] if i else None, one, apart_m[i], hold_s) for i, one in enumerate(fixes)]


def _speed(before: Point | None, fix: Point, apart_m: float, hold_s: float) -> Speed | None:
    if fix.speed_mps is not None:
        return Speed(fix.speed_mps, own=True, uncertain=False)
    if before is None or not 0 < (took_s := (fix.fix_time - before.fix_time).total_seconds()) <= hold_s:
        return None
    return Speed(apart_m / took_s, own=False, uncertain=apart_m <= (before.accuracy_m or 0.0) + (fix.accuracy_m or 0.0))


def _thinned(fixes: Sequence[tuple[Point, Speed | None]]) -> tuple[Sequence[tuple[Point, Speed | None]], int]:
    step = -(-len(fixes) // MOST_FIXES) or 1
    last = len(fixes) - 1
    turns = {i for i in range(1, len(fixes)) if fixes[i][0].side is not fixes[i - 1][0].side}
    return [one for i, one in enumerate(fixes) if i % step == 0 or i == last or i in turns or i + 1 in turns], step


def _joined(spans: Iterable[presence.Span]) -> Spans:
    joined: list[tuple[int, int]] = []
    for span in spans:
        if joined and joined[-1][1] == span.start_us:
            joined[-1] = (joined[-1][0], span.end_us)
        else:
            joined.append((span.start_us, span.end_us))
    return tuple(joined)


def _violations(session: Session, subject_id: int, start: datetime, end: datetime) -> Iterable[tuple[Violation, str | None]]:
    """Those that lasted into the span, with the kind of their zone."""
    v = Violation
    lasted = select(v, Zone.kind).outerjoin(Zone, col(Zone.id) == col(v.zone_id))
    lasted = lasted.where(v.subject_id == subject_id, v.review_state != ReviewState.WITHDRAWN.value, col(v.started_at) < end)
    return session.exec(lasted.where(col(v.ended_at).is_(None) | (col(v.ended_at) > start)).order_by(col(v.started_at))).all()
