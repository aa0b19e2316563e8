"""Patterns over time: what the rules that look at days rather than at single fixes share.

Each of these rules is a pure function of a subject's fixes of a bounded stretch of time: it says at which moments the pattern holds,
and moments that follow one another are joined into one episode. So the outcome does not depend on the order in which reports came,
and late ones only ask for the stretch that they touch. Nothing is decided about a person: a pattern is a reason to look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import numpy as np

from corrections.domain.belief import BeliefRule, radius_m
from corrections.domain.geodesy import distances_m
from corrections.domain.model import SOURCES, Bools, Episode, Fix, Floats, Ints, Reports, Source, to_us

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
FIRST_FIXES = 3  # kept as evidence of how it began
_CELL = SOURCES.index(Source.CELL)


@dataclass(slots=True)
class Track:
    """The fixes of one subject that say where she was, as columns of one length, in order of (fix_us, digest).

    WGS-84 degrees. ``accuracy_m`` is the claimed 68 % radius (nan: none), ``radius_m`` the one to reckon with. ``speed_mps`` is what
    the phone reported (nan: nothing). ``source`` indexes ``SOURCES``.
    """

    fix_us: Ints
    digest: Ints
    lat: Floats
    lon: Floats
    accuracy_m: Floats
    radius_m: Floats
    source: Ints
    speed_mps: Floats
    device: Ints

    def __len__(self) -> int:
        return len(self.fix_us)

    def take(self, index: Ints | Bools) -> Track:
        """The rows that ``index`` (positions or a mask) picks."""
        return Track(**{name: getattr(self, name)[index] for name in self.__dataclass_fields__})

    def between(self, from_us: int, until_us: int) -> Track:
        """The fixes in ``[from_us, until_us)``."""
        first, last = np.searchsorted(self.fix_us, [from_us, until_us])
        return self.take(np.arange(first, last, dtype=np.int64))

    def good(self, within_m: float) -> Bools:
        """Which fixes are accurate enough to compare: not from a mast, and of at most this radius."""
        return np.asarray((self.source != _CELL) & (self.radius_m <= within_m))

    def fix(self, row: int, distance_m: float, certainty: float) -> Fix:
        """One fix as evidence."""
        accuracy = float(self.accuracy_m[row])
        return Fix(
            fix_us=int(self.fix_us[row]),
            digest=int(self.digest[row]),
            lat=float(self.lat[row]),
            lon=float(self.lon[row]),
            accuracy_m=None if np.isnan(accuracy) else accuracy,
            distance_m=float(distance_m),
            certainty=float(certainty),
        )


@dataclass(frozen=True, slots=True)
class Pattern:
    """An episode of a pattern, by which signs it was seen, and the figures that its reason tells (names with units)."""

    episode: Episode
    signs: tuple[str, ...]
    figures: dict[str, float] = field(default_factory=dict)


def track_of(reports: Reports, speed_mps: Floats, lawful: Sequence[tuple[int, int]], rule: BeliefRule) -> Track:
    """The track of one subject's reports with positions, in order: without mocked fixes, and only of the time in which she might be
    located. ``speed_mps`` has one entry a report, nan where none was reported."""
    counts = ~reports.mock & ~np.isnan(reports.lat) & covered_by(lawful, reports.fix_us)
    kept, speed = reports.take(counts), speed_mps[counts]
    return Track(
        fix_us=kept.fix_us,
        digest=kept.digest,
        lat=kept.lat,
        lon=kept.lon,
        accuracy_m=kept.accuracy_m,
        radius_m=radius_m(kept.accuracy_m, kept.source, rule),
        source=kept.source,
        speed_mps=speed,
        device=kept.device,
    )


def covered_by(spans: Sequence[tuple[int, int]], at_us: Ints) -> Bools:
    """Whether each moment lies in one of the half-open spans, which are sorted and apart."""
    table = np.array(spans, dtype=np.int64).reshape(-1, 2)
    if not len(table):
        return np.zeros(len(at_us), dtype=bool)
    at = np.searchsorted(table[:, 0], at_us, side="right") - 1
    return np.asarray((at >= 0) & (at_us < table[np.maximum(at, 0), 1]))


def span_end(spans: Sequence[tuple[int, int]], at_us: int, otherwise: int) -> int:
    """The end of the span in which a moment lies."""
    return next((end for start, end in spans if start <= at_us < end), otherwise)


def metres_from(track: Track, lat: float, lon: float) -> Floats:
    """Geodesic metres from each fix to one place."""
    n = len(track)
    return distances_m(track.lat, track.lon, np.full(n, lat), np.full(n, lon))


def local_us(day: date, at: time, timezone: ZoneInfo) -> int:
    """A wall-clock moment of a local day, µs."""
    return to_us(datetime.combine(day, at, timezone))


def runs(mask: Bools) -> list[tuple[int, int]]:
    """Maximal runs of True as (first, last) positions, both included.

    >>> runs(np.array([True, True, False, True]))
    [(0, 1), (3, 3)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(first), int(until) - 1) for first, until in edges.reshape(-1, 2)]
