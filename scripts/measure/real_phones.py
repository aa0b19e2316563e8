"""Where twelve real phones truly were, as far as their own best fixes tell, found without the service's detection.

A witness is a fix that claims to be among the phone's best. A place is where witnesses gather for 20 minutes or more; a stay there is a
run of witnesses within ``PLACE_M`` of its middle, with one at least every hour (by night every ten) and nothing but a few minutes of
witnesses elsewhere in between. What the other fixes say plays no part: whoever has good fixes at one spot before and after was there.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from corrections.domain.geodesy import Plane
from corrections.domain.model import Bools, Floats, Ints, from_us, to_us
from scripts.sample_district import TOP

TRACKS = TOP.parent / "shared" / "tracks" / "phones-odc2017.csv.gz"
LOCAL = ZoneInfo("America/Sao_Paulo")
MINUTE_US = 60_000_000
WITNESS_M, WITNESS_SHARE = 30.0, 1 / 3  # a claim at most this, or among this share of the phone's best
PLACE_M = 100.0
APART_M = 200.0
BRACKET_US = 60 * MINUTE_US
NIGHT_US = 10 * 60 * MINUTE_US  # between two witnesses at one place, where half of the time between them is night
NIGHT = [hour < 8 or hour >= 22 for hour in range(24)]
AWAY_US = 5 * MINUTE_US  # surely no journey
LONG_AWAY_US = 30 * MINUTE_US  # perhaps a short one
STAY_US = 20 * MINUTE_US
EDGE_US = 5 * MINUTE_US  # the first and last minutes of a stay, when she may still be on the way
CELL_M = 50.0


@dataclass(slots=True)
class Phone:
    """One phone's distinct fixes in order of fix time: µs, degrees, metres (on ``plane``, and of claimed radius)."""

    name: str
    fix_us: Ints
    received_us: Ints
    lat: Floats
    lon: Floats
    accuracy_m: Floats
    plane: Plane
    x: Floats
    y: Floats

    @property
    def witness(self) -> Bools:
        """Which fixes claim to be among its best."""
        good: Bools = self.accuracy_m <= max(WITNESS_M, float(np.quantile(self.accuracy_m, WITNESS_SHARE)))
        return good

    def away_m(self, place: Place) -> Floats:
        """Metres from a place to each fix."""
        metres: Floats = np.hypot(self.x - place.x, self.y - place.y)
        return metres


@dataclass(slots=True)
class Place:
    """Where a phone stays: its middle on the phone's plane, and the spans (µs) of its stays of 20 minutes or more."""

    x: float
    y: float
    stays: list[tuple[int, int]]

    @property
    def total_us(self) -> int:
        return sum(end - start for start, end in self.stays)

    def at_rest(self, us: Ints) -> Bools:
        """Which moments lie in a stay, its first and last minutes left out."""
        inside = np.zeros(len(us), dtype=bool)
        for start, end in self.stays:
            inside |= (us >= start + EDGE_US) & (us <= end - EDGE_US)
        return inside

    @property
    def at_rest_us(self) -> int:
        return sum(end - start - 2 * EDGE_US for start, end in self.stays)


def read_phones(file: Path = TRACKS) -> list[Phone]:
    """Every phone of the file; a fix that was sent twice counts once, from when it first came."""
    taken: dict[str, dict[tuple[str, ...], tuple[int, int, float, float, float]]] = {}
    with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            key = tuple(row[name] for name in ("time", "lat", "lon", "acc"))
            fix_us, received_us = _when(row["time"]), max(_when(row["recorded"]), _when(row["time"]))
            fix = (fix_us, received_us, float(row["lat"]), float(row["lon"]), float(row["acc"]) if row["acc"] else np.nan)
            known = taken.setdefault(row["user"], {})
            if key not in known or received_us < known[key][1]:
                known[key] = fix
    return [_phone(name, sorted(fixes.values())) for name, fixes in sorted(taken.items())]


def _when(text: str) -> int:
    return to_us(datetime.fromisoformat(text.replace("Z", "+00:00")))


def _phone(name: str, fixes: Sequence[tuple[int, int, float, float, float]]) -> Phone:
    fix_us, received_us = (np.array([fix[i] for fix in fixes], dtype=np.int64) for i in (0, 1))
    lat, lon, accuracy = (np.array([fix[i] for fix in fixes]) for i in (2, 3, 4))
    plane = Plane(float(np.median(lat)), float(np.median(lon)))
    return Phone(name, fix_us, received_us, lat, lon, accuracy, plane, *plane.to_metres(lat, lon))


def places(phone: Phone, away_us: int = AWAY_US) -> list[Place]:
    """The places where it stays, the longest in all first. 1. Of the witnesses not yet taken find the densest 150 m, each weighed by the
    time until the next, ten minutes at most. 2. Its middle is their median, twice. 3. Take away what lies within 200 m, and go on until
    less than 20 minutes are left anywhere. ``away_us``: how long witnesses elsewhere may interrupt a stay."""
    rows = np.flatnonzero(phone.witness)
    weight = np.minimum(np.diff(phone.fix_us[rows], append=phone.fix_us[rows[-1:]]), 10 * MINUTE_US).astype(np.float64)
    xy, found = np.column_stack([phone.x[rows], phone.y[rows]]), []
    while len(xy):
        start = _densest(xy, weight)
        middle = start
        for _ in range(2):
            close = np.hypot(*(xy - middle).T) <= PLACE_M
            middle = _median(xy[close], weight[close]) if close.any() else middle
        if weight[np.hypot(*(xy - middle).T) <= PLACE_M].sum() < STAY_US:
            break
        place = Place(float(middle[0]), float(middle[1]), [])
        place.stays = stays(phone, place, away_us)
        found.append(place)
        left = (np.hypot(*(xy - middle).T) > APART_M) & (np.hypot(*(xy - start).T) > APART_M)
        xy, weight = xy[left], weight[left]
    return sorted((place for place in found if place.stays), key=lambda place: -place.total_us)


def _densest(xy: Floats, weight: Floats) -> Floats:
    """The middle of the 50 m cell that has most weight in it and the eight around it."""
    cells, cell = np.unique(np.floor(xy / CELL_M).astype(np.int64), axis=0, return_inverse=True)
    of = dict(zip(map(tuple, cells.tolist()), np.bincount(cell.ravel(), weights=weight).tolist(), strict=True))
    around = [sum(of.get((i + a, j + b), 0.0) for a in (-1, 0, 1) for b in (-1, 0, 1)) for i, j in of]
    middle: Floats = (cells[int(np.argmax(around))] + 0.5) * CELL_M
    return middle


def _median(xy: Floats, weight: Floats) -> Floats:
    middle = []
    for column in xy.T:
        order = np.argsort(column)
        total = np.cumsum(weight[order])
        middle.append(column[order][min(int(np.searchsorted(total, total[-1] / 2)), len(order) - 1)])
    return np.array(middle)


def stays(phone: Phone, place: Place, away_us: int) -> list[tuple[int, int]]:
    """Spans (µs) of 20 minutes or more of witnesses at the place, with one at least every hour (by night every ten) and no more
    than ``away_us`` of witnesses elsewhere in between."""
    rows = np.flatnonzero(phone.witness)
    here = phone.away_m(place)[rows] <= PLACE_M
    at = np.flatnonzero(here)
    if not len(at):
        return []
    gap, elsewhere = np.diff(phone.fix_us[rows[at]]), np.diff(at) > 1
    middle = phone.fix_us[rows[at[:-1]]] + gap // 2
    allowed = np.where([NIGHT[from_us(us).astimezone(LOCAL).hour] for us in middle.tolist()], NIGHT_US, BRACKET_US)
    cut = np.flatnonzero((gap > allowed) | (elsewhere & (gap > away_us)))
    first, last = np.concatenate([[0], cut + 1]), np.concatenate([cut, [len(at) - 1]])
    spans = zip(phone.fix_us[rows[at[first]]].tolist(), phone.fix_us[rows[at[last]]].tolist(), strict=True)
    return [(start, end) for start, end in spans if end - start >= STAY_US]


def where_it_sleeps(found: Sequence[Place]) -> Place | None:
    """The place with most time between midnight and six, local time; None where it spent no night anywhere."""
    nights = [(sum(_night_us(*stay) for stay in place.stays), -i) for i, place in enumerate(found)]
    return found[-max(nights)[1]] if nights and max(nights)[0] > 0 else None


def _night_us(start: int, end: int) -> int:
    """How much of a span lies between midnight and six, to the minute."""
    moments = range(start, end, MINUTE_US)
    return sum(MINUTE_US for us in moments if from_us(us).astimezone(LOCAL).hour < 6)
