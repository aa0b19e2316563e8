"""位移异常: movement that no vehicle allows, and movement that no phone measures. Both are about technology, never by themselves a breach.

1. ``TOO_FAST``: from one place to another faster than anything that carries people: ``fastest_mps`` (above high-speed rail at
   350 km/h, which is 97 m/s) up to ``flight_m``, beyond it ``flying_mps`` (above an airliner with the wind behind it; nobody is flown
   200 km from gate to gate faster than a train goes). A wrong fix is a jump too, and commoner by far. So both places must be borne
   out: at least ``agreeing`` accurate fixes at each, over at least ``AGREE_US``, within ``WINDOW_US`` of the jump. Fixes that repeat
   the one before to the digit are no new measurement and leave all of this out: a cached position that is given up late looks like
   a jump. Two phones that report with one credential, or a mock app that does not say so, are borne out within the hour.
2. ``TOO_REGULAR``: ``regular`` steps in a row, over at least ``REGULAR_US``, that are equal to within ``STEP_ERROR_M``. No receiver
   measures so; a mock app that drives along a line does. (Dead reckoning in a tunnel does too, for a minute or two.)
3. ``STANDING_SPEED``: as many steps while the phone reports a speed of exactly 0 and a claimed radius that never changes, though it does
   measure speeds in the hours around. (One of twelve real phones claims 3 m and speed 0 at 90 km/h, always: such a client does not
   measure speed, and its zeros say nothing.)

An episode lasts while such moments follow one another within ``QUIET_US``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from corrections.domain.belief import wrong_side_probability
from corrections.domain.geodesy import distances_m
from corrections.domain.model import FOREVER_US, Bools, Episode, Floats, Ints, Rule
from corrections.domain.patterns import FIRST_FIXES, HOUR_US, MINUTE_US, Pattern, Track, runs, span_end

WINDOW_US = 2 * HOUR_US
AGREE_US = 10 * MINUTE_US
AGREE_M = 150.0
QUIET_US = 6 * HOUR_US
REACH_US = WINDOW_US + HOUR_US  # how far from a fix the moments lie that it can change
SLACK_S = 60.0  # a fix may be this much older than its time says
REGULAR_US = 5 * MINUTE_US
STEP_ERROR_M = 0.5
LEAST_STEP_M = 20.0
REGULAR_CERTAINTY = 0.98  # one in fifty: what a single kind of evidence may claim at most
TOO_FAST, TOO_REGULAR, STANDING_SPEED = "too_fast", "too_regular", "standing_speed"


@dataclass(frozen=True, slots=True)
class MovementRule:
    """See the module. ``within_m``: the radius up to which a fix is accurate. ``certainty``: how sure it must be, from the radii at both
    ends, that the distance was more than could be travelled. ``least_m``: shorter jumps are not looked at."""

    fastest_mps: float = 100.0
    flight_m: float = 200_000.0
    flying_mps: float = 300.0
    least_m: float = 2_000.0
    within_m: float = 100.0
    certainty: float = 0.99
    agreeing: int = 3
    regular: int = 10


@dataclass(frozen=True, slots=True)
class _Moment:
    """From row ``first`` to row ``last``: a sign, how far, how sure."""

    first: int
    last: int
    sign: str
    distance_m: float
    certainty: float
    speed_mps: float


def implausible(
    track: Track, lawful: Sequence[tuple[int, int]], rule: MovementRule, since_us: int = -FOREVER_US, until_us: int = FOREVER_US
) -> list[Pattern]:
    """The episodes of moments that begin in ``[since_us, until_us)``; ``track`` must reach ``REACH_US`` further on either side."""
    good = track.take(track.good(rule.within_m))
    found = [*_too_fast(good, rule), *_too_perfect(good, rule)]
    found = sorted((m for m in found if since_us <= good.fix_us[m.first] < until_us), key=lambda m: (m.first, m.last, m.sign))
    latest = int(track.fix_us[-1]) if len(track) else 0
    return [_pattern(good, chain, lawful, latest) for chain in _chains(good, found)]


def _too_fast(good: Track, rule: MovementRule) -> list[_Moment]:
    keep = np.ones(len(good), dtype=bool)
    keep[1:] = (np.diff(good.lat) != 0) | (np.diff(good.lon) != 0)
    rows = np.flatnonzero(keep)
    fresh = good.take(rows)
    if len(fresh) < 2 * rule.agreeing:
        return []
    metres, certainty, speed = _steps(fresh, rule)
    return [
        _Moment(int(rows[i]), int(rows[i + 1]), TOO_FAST, float(metres[i]), float(certainty[i]), float(speed[i]))
        for i in np.flatnonzero((certainty >= rule.certainty) & (metres >= rule.least_m)).tolist()
        if _borne_out(fresh, i, rule) and _borne_out(fresh, i + 1, rule)
    ]


def _steps(track: Track, rule: MovementRule) -> tuple[Floats, Floats, Floats]:
    """Of each step to the next fix: metres, how sure that it was further than could be travelled, metres a second at the least."""
    metres = distances_m(track.lat[:-1], track.lon[:-1], track.lat[1:], track.lon[1:])
    seconds = np.diff(track.fix_us) / 1e6 + SLACK_S
    allowed = np.where(metres > rule.flight_m, rule.flying_mps, rule.fastest_mps) * seconds
    radius = np.sqrt(track.radius_m[:-1] ** 2 + track.radius_m[1:] ** 2)
    return metres, wrong_side_probability(metres - allowed, radius), metres / seconds


def _borne_out(track: Track, i: int, rule: MovementRule) -> bool:
    """Whether several fixes around the time of one agree with its place."""
    near = track.between(int(track.fix_us[i]) - WINDOW_US, int(track.fix_us[i]) + WINDOW_US + 1)
    n = len(near)
    apart = distances_m(near.lat, near.lon, np.full(n, track.lat[i]), np.full(n, track.lon[i]))
    agree = near.fix_us[apart <= AGREE_M + near.radius_m]
    return len(agree) >= rule.agreeing and int(agree[-1] - agree[0]) >= AGREE_US


def _too_perfect(good: Track, rule: MovementRule) -> list[_Moment]:
    if len(good) <= rule.regular:
        return []
    metres = distances_m(good.lat[:-1], good.lon[:-1], good.lat[1:], good.lon[1:])
    moving = metres >= LEAST_STEP_M
    still_speed = (good.speed_mps[1:] == 0) & (good.accuracy_m[1:] == good.accuracy_m[:-1])
    found = _stretches(good, np.concatenate([[False], _regular(good, metres)]) & moving, metres, TOO_REGULAR, rule)
    standing = _stretches(good, moving & still_speed, metres, STANDING_SPEED, rule)
    return found + [m for m in standing if _measures_speed(good, m, rule)]


def _regular(good: Track, metres: Floats) -> Bools:
    """Whether each step but the first is the one before over again: equal steps, or equal speeds where the fixes came unevenly."""
    east = np.diff(good.lon) * np.cos(np.radians(good.lat[:-1])) * 111_320.0
    north = np.diff(good.lat) * 111_130.0
    seconds = np.maximum(np.diff(good.fix_us) / 1e6, 1e-3)
    ratio = seconds[1:] / seconds[:-1]
    off_steps = np.hypot(np.diff(east), np.diff(north))
    off_speed = np.hypot(east[1:] - east[:-1] * ratio, north[1:] - north[:-1] * ratio)
    return np.asarray(np.minimum(off_steps, off_speed) <= STEP_ERROR_M)


def _measures_speed(good: Track, moment: _Moment, rule: MovementRule) -> bool:
    near = good.between(int(good.fix_us[moment.first]) - WINDOW_US, int(good.fix_us[moment.last]) + WINDOW_US)
    return int(np.count_nonzero(near.speed_mps > 0)) >= rule.regular


def _stretches(good: Track, mask: Bools, metres: Floats, sign: str, rule: MovementRule) -> list[_Moment]:
    """Runs of enough steps over enough time; ``mask`` and ``metres`` have one entry a step."""
    found = []
    for first, last in runs(mask):
        lasts = int(good.fix_us[last + 1] - good.fix_us[first])
        if last - first + 1 >= rule.regular and lasts >= REGULAR_US:
            way = float(metres[first : last + 1].sum())
            found.append(_Moment(first, last + 1, sign, way, REGULAR_CERTAINTY, way / (lasts / 1e6)))
    return found


def _chains(good: Track, found: Sequence[_Moment]) -> list[list[_Moment]]:
    chains: list[list[_Moment]] = []
    until = -FOREVER_US
    for moment in found:
        if chains and int(good.fix_us[moment.first]) - until <= QUIET_US:
            chains[-1].append(moment)
            until = max(until, int(good.fix_us[moment.last]))
        else:
            chains.append([moment])
            until = int(good.fix_us[moment.last])
    return chains


def _pattern(good: Track, chain: Sequence[_Moment], lawful: Sequence[tuple[int, int]], latest_us: int) -> Pattern:
    peak = max(chain, key=lambda m: m.distance_m)
    rows: Ints = np.unique([row for m in chain for row in (m.first, m.last)])
    last_us = int(good.fix_us[rows[-1]])
    distance = {m.last: m.distance_m for m in chain}
    first = [good.fix(int(k), distance.get(int(k), 0.0), chain[0].certainty) for k in rows[:FIRST_FIXES]]
    episode = Episode(
        rule=Rule.IMPLAUSIBLE_MOVEMENT,
        zone_id=0,
        zone_version_id=0,
        started_us=int(good.fix_us[rows[0]]),
        opened_us=int(good.fix_us[chain[0].last]),
        ended_us=last_us + QUIET_US if latest_us - last_us >= QUIET_US else None,
        last_us=last_us,
        window_us=0,
        window_ends_us=span_end(lawful, last_us, FOREVER_US),
        peak_certainty=max(m.certainty for m in chain),
        peak_distance_m=peak.distance_m,
        fixes=len(rows),
        first=first,
        opening=good.fix(chain[0].last, chain[0].distance_m, chain[0].certainty),
        deepest=good.fix(peak.last, peak.distance_m, peak.certainty),
        last=good.fix(int(rows[-1]), distance.get(int(rows[-1]), 0.0), chain[-1].certainty),
    )
    figures = {"moments": len(chain), "distance_m": peak.distance_m, "speed_mps": max(m.speed_mps for m in chain)}
    return Pattern(episode, tuple(sorted({m.sign for m in chain})), figures)
