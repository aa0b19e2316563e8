"""Where somebody stayed: runs of fixes that lie together for some time, so far as their accuracy tells.

Places are found for one day that somebody with a purpose looks at; they are never stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

import numpy as np

from corrections.domain.geodesy import distances_m

LEAST_STAY = timedelta(minutes=15)
WITHIN_M = 120.0  # of the place, besides what the fix itself may be off
UNCLAIMED_M = 100.0  # taken for the radius of a fix without one
LONGEST_GAP = timedelta(hours=2)  # between fixes of one stay: beyond that nobody knows


@dataclass(frozen=True, slots=True)
class Fix:
    """A position: WGS-84 degrees and its 68 % radius, None where the phone claimed none."""

    at: datetime
    lat: float
    lon: float
    accuracy_m: float | None


@dataclass(frozen=True, slots=True)
class Stay:
    """A place, from the first to the last fix of it; ``radius_m`` is the median distance of its fixes from it, or their own radius where
    that is larger."""

    start: datetime
    end: datetime
    lat: float
    lon: float
    radius_m: float


def stays(fixes: Sequence[Fix]) -> list[Stay]:
    """The stays in fixes in order of time: each lies within ``WITHIN_M`` and its own radius of the middle of those before it, and one that
    does not is passed over when the next lies there again (Hariharan and Toyama 2004, with the radius of each fix)."""
    found: list[Stay] = []
    run: list[Fix] = []
    strayed: Fix | None = None
    for fix in fixes:
        if run and fix.at - run[-1].at <= LONGEST_GAP and _near(run, fix):
            run.append(fix)
            strayed = None
        elif run and strayed is None and fix.at - run[-1].at <= LONGEST_GAP:
            strayed = fix
        else:
            found += _kept(run)
            run = [one for one in (strayed, fix) if one is not None and (one is fix or _near([fix], one))]
            strayed = None
    return found + _kept(run)


def _near(run: Sequence[Fix], fix: Fix) -> bool:
    lat, lon = _middle(run)
    away = distances_m(np.array([lat]), np.array([lon]), np.array([fix.lat]), np.array([fix.lon]))[0]
    return bool(away <= WITHIN_M + (fix.accuracy_m or 0.0))


def _middle(run: Sequence[Fix]) -> tuple[float, float]:
    """The mean of the fixes, each weighed by how exactly it is known."""
    weights = [1.0 / max(one.accuracy_m or UNCLAIMED_M, 1.0) ** 2 for one in run]
    total = sum(weights)
    lat = sum(w * one.lat for w, one in zip(weights, run, strict=True)) / total
    return lat, sum(w * one.lon for w, one in zip(weights, run, strict=True)) / total


def _kept(run: Sequence[Fix]) -> list[Stay]:
    if not run or run[-1].at - run[0].at < LEAST_STAY:
        return []
    lat, lon = _middle(run)
    n = len(run)
    away = distances_m(np.full(n, lat), np.full(n, lon), np.array([one.lat for one in run]), np.array([one.lon for one in run]))
    own = median(one.accuracy_m or 0.0 for one in run)
    return [Stay(run[0].at, run[-1].at, lat, lon, max(float(np.median(away)), own))]
