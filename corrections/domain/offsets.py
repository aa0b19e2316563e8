"""Whether a device sends another datum than it is registered with.

GCJ-02 and BD-09 shift positions by a vector that depends on the place alone, some 350 m on average (domain notes, 6.1). So a device
whose datum is mixed up rests every night at the same wrong place, off by just that vector. Where it *should* rest is known from a
reference in WGS-84: the small permitted area that the subject sleeps in, or another device of hers, or, of the same device, its
satellite fixes where its Wi-Fi fixes lie elsewhere.

A night *matches* when its rest lies within ``tolerance_m`` of where a mixed-up datum would put the reference, and the shift is longer
than ``least_shift_m``. It *contradicts* when it does not. A device is doubted from the day on which the last ``nights`` nights of
which one can tell, out of ``LOOK_BACK_NIGHTS``, all match, and alike; until a day on which as many all contradict.

*False alarms.* Somebody who sleeps elsewhere than her reference says is taken for a mixed-up datum only if she sleeps, by chance, just
where that would put her home. Simulated with 100,000 homes drawn over China, beds 150 m to 5 km away (uniform in the logarithm, in any
direction) and errors of 15 m: 0.45 % of them, GCJ-02 and BD-09 together; with one subject in twenty sleeping elsewhere than
registered, about one in 4,400. A device that is right, and whose subject sleeps where her reference says: none. At 4 % of the homes
the shift of GCJ-02 is too short to tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from corrections.domain.geodesy import distance_m, from_wgs84, to_wgs84
from corrections.domain.model import Datum, FlagKind
from corrections.domain.patterns import HOUR_US, Track, local_us, metres_from
from corrections.domain.zones import from_us_local_date

LOOK_BACK_NIGHTS = 7
NIGHT_FROM, NIGHT_UNTIL = time(23), time(5)
LEAST_FIXES = 3
LEAST_NIGHT_US = 2 * HOUR_US
MOST_SPREAD_M = 80.0  # a phone that rests is measured closer together than this
DATUMS = (Datum.WGS84, Datum.GCJ02, Datum.BD09)


@dataclass(frozen=True, slots=True)
class OffsetRule:
    """See the module. ``within_m``: the radius up to which a fix counts."""

    nights: int = 3
    tolerance_m: float = 60.0
    least_shift_m: float = 150.0
    within_m: float = 100.0


@dataclass(frozen=True, slots=True)
class Rest:
    """Where a device rested in the night that ended on ``day``; WGS-84 degrees as stored, that is, as its registered datum has it."""

    day: date
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Reference:
    """Where it should have rested, WGS-84, and whence that is known (``zone``, ``device``, ``source``)."""

    lat: float
    lon: float
    radius_m: float
    known_from: str


@dataclass(frozen=True, slots=True)
class Match:
    """A night that lies where ``looks_like`` would put the reference: by how many metres (east, north) it is shifted from the reference,
    and by how many it misses."""

    day: date
    looks_like: Datum
    east_m: float
    north_m: float
    miss_m: float
    known_from: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """A device is doubted from the end of the night of ``since`` to that of ``until`` (None: still)."""

    kind: FlagKind
    looks_like: Datum
    since: date
    until: date | None
    nights: tuple[Match, ...]


def rests(track: Track, timezone: ZoneInfo, rule: OffsetRule) -> dict[date, Rest]:
    """Where the device of a track rested, by the day on which the night ended: the median of its accurate fixes, where there are enough
    of them over enough time, close together."""
    good = track.take(track.good(rule.within_m))
    found: dict[date, Rest] = {}
    if not len(good):
        return found
    first, last = (from_us_local_date(int(us), timezone) for us in good.fix_us[[0, -1]])
    for i in range((last - first).days + 2):
        day = first + timedelta(days=i)
        night = good.between(local_us(day - timedelta(days=1), NIGHT_FROM, timezone), local_us(day, NIGHT_UNTIL, timezone))
        if len(night) < LEAST_FIXES or int(night.fix_us[-1] - night.fix_us[0]) < LEAST_NIGHT_US:
            continue
        lat, lon = float(np.median(night.lat)), float(np.median(night.lon))
        if float(np.median(metres_from(night, lat, lon))) <= MOST_SPREAD_M:
            found[day] = Rest(day, lat, lon)
    return found


def match(rest: Rest, references: Sequence[Reference], declared: Datum, rule: OffsetRule) -> Match | bool | None:
    """What a night says: a match, False where a reference contradicts, None where no reference is at hand.

    A rest that lies at any of the references is no match, whatever the others say.
    """
    if any(distance_m(rest.lat, rest.lon, r.lat, r.lon) <= r.radius_m + rule.tolerance_m for r in references):
        return False
    found = [m for r in references for datum in DATUMS if (m := _against(rest, r, datum, declared, rule)) is not None]
    if found:
        return min(found, key=lambda m: m.miss_m)
    return False if references else None


def doubts(
    told: Mapping[date, Match | bool | None], declared: Datum, rule: OffsetRule, since: date, until: date, standing: Doubt | None = None
) -> list[Doubt]:
    """The doubts about a device over the days ``[since, until)``, from what was told of its nights, which must reach back
    ``LOOK_BACK_NIGHTS`` days further. ``standing`` is the doubt in progress on the day before, if there is one."""
    found: list[Doubt] = []
    for i in range((until - since).days):
        day = since + timedelta(days=i)
        recent = [told.get(day - timedelta(days=k)) for k in range(LOOK_BACK_NIGHTS - 1, -1, -1)]
        last = [night for night in recent if night is not None][-rule.nights :]
        matches = [night for night in last if isinstance(night, Match)]
        if told.get(day) is None or len(last) < rule.nights:
            continue
        if standing is None and len(matches) == len(last) and len({m.looks_like for m in matches}) == 1:
            datum = matches[-1].looks_like
            standing = Doubt(kind_of(declared, datum), datum, day, None, tuple(matches))
        elif standing is not None and not matches:
            found.append(replace(standing, until=day))
            standing = None
    return found if standing is None else [*found, standing]


def kind_of(declared: Datum, looks_like: Datum) -> FlagKind:
    """Which shift is mixed up, in whatever direction."""
    return FlagKind.BD09_OFFSET if Datum.BD09 in (declared, looks_like) else FlagKind.GCJ02_OFFSET


def _against(rest: Rest, reference: Reference, datum: Datum, declared: Datum, rule: OffsetRule) -> Match | None:
    """Whether a rest lies where a device that is registered with one datum and sends another would put a reference."""
    plain = Datum.WGS84 if declared is Datum.CGCS2000 else declared
    if datum is plain:
        return None
    lat, lon = to_wgs84(*from_wgs84(reference.lat, reference.lon, datum), plain)
    shift_m = distance_m(lat, lon, reference.lat, reference.lon)
    miss_m = distance_m(rest.lat, rest.lon, lat, lon)
    if shift_m < rule.least_shift_m or miss_m > min(rule.tolerance_m, shift_m / 3):
        return None
    north = distance_m(reference.lat, rest.lon, rest.lat, rest.lon) * (1 if rest.lat >= reference.lat else -1)
    east = distance_m(rest.lat, reference.lon, rest.lat, rest.lon) * (1 if rest.lon >= reference.lon else -1)
    return Match(rest.day, datum, east, north, miss_m, reference.known_from)
