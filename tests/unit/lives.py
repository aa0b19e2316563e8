"""Made-up lives as tracks: a phone at home at night, at work by day, and what one may plant in them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from corrections.domain.belief import BeliefRule
from corrections.domain.model import FOREVER_US, SOURCES, Reports, Source, to_us
from corrections.domain.patterns import Track, track_of

TZ = ZoneInfo("Asia/Shanghai")
HOME = (41.50, 122.70)
START = datetime(2026, 3, 2, tzinfo=TZ)
ALWAYS = ((-FOREVER_US, FOREVER_US),)
M_PER_DEG_LAT, M_PER_DEG_LON = 111_060.0, 83_500.0


def at(day: float, hour: float = 0.0) -> int:
    """A local moment so many days and hours after the start, to the second, µs."""
    return to_us((START + timedelta(days=day, seconds=round(hour * 3600))).astimezone(UTC))


def track(
    fixes: list[tuple[int, float, float]], accuracy_m: float | list[float] = 20.0, speed_mps: float | list[float] = np.nan, **more: Any
) -> Track:
    """Fixes as (µs, metres east of home, metres north), in any order."""
    n = len(fixes)
    us = np.array([f[0] for f in fixes], dtype=np.int64)
    reports = Reports(
        subject=np.ones(n, dtype=np.int64), fix_us=us, digest=np.arange(n, dtype=np.int64),
        lat=HOME[0] + np.array([f[2] for f in fixes], dtype=float) / M_PER_DEG_LAT,
        lon=HOME[1] + np.array([f[1] for f in fixes], dtype=float) / M_PER_DEG_LON,
        accuracy_m=np.broadcast_to(np.array(accuracy_m, dtype=float), n).copy(),
        source=np.full(n, SOURCES.index(more.get("source", Source.SATELLITE)), dtype=np.int64), received_us=us,
        mock=np.zeros(n, dtype=bool),
        device=np.full(n, more.get("device", 1), dtype=np.int64),
    )  # fmt: skip
    order = np.lexsort((reports.digest, reports.fix_us))
    speed = np.broadcast_to(np.array(speed_mps, dtype=float), n)[order]
    return track_of(reports.take(order), speed, more.get("lawful", ALWAYS), BeliefRule())


def life(
    days: int, at_home: Collection[int] = (), interval_min: int = 20, seed: int = 1, jitter_m: float = 15.0
) -> list[tuple[int, float, float]]:
    """One who goes to work 3 km away from 9 to 17 each day, but for the days ``at_home``, on which the phone stays there."""
    rng = np.random.default_rng(seed)
    fixes = []
    for day in range(days):
        for minute in range(0, 24 * 60, interval_min):
            hour = minute / 60
            out = day not in at_home and 9 <= hour < 17
            east = 3_000.0 if out else 0.0
            fixes.append((at(day, hour), east + rng.normal(0, jitter_m), rng.normal(0, jitter_m)))
    return fixes
