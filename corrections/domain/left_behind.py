"""疑似人机分离: signs that a phone lies somewhere without its subject.

Real phones at rest do not move either, and they repeat cached fixes for hours; people stay at home on a rainy Sunday, and some never
go out. So no single sight is a sign. What is told of each local day is compared with the *subject's own* days before:

1. ``STILL``: through the waking hours of a whole day, well covered by fixes, the phone was never seen away from one place.
2. ``FROZEN``: for hours of the waking day its fixes repeated to the last digit while their times went on.
3. ``SAME_MINUTE``: on many days the first sign of life came at the same minute, though her device is not one that reports by a
   schedule (the case of Yunyang: a check just after midnight, day after day, then a journey).

*Chance.* Were her days alike and independent, a run of ``k`` days with a sign would come about with probability ``p ** k``, where
``p`` is the share of such days among those observed in the ``HABIT_DAYS`` before the run, by Krichevsky and Trofimov's estimate
``(days with the sign + 1/2) / (days + 1)`` (1981). A day counts as a finding when that is at most ``rule.chance``. One who used to go
out daily is found on the second day, one who stays at home one day in five on the third, one who seldom goes out never; and the rate
of false alarms is about ``rule.chance`` whatever a phone's habits. What it assumes and life does not keep: holidays and illness come
in runs. That is why it says "may". For the minute of the check-in the chance is Rayleigh's (Mardia and Jupp 2000, section 6.3.1) on
the circle of one hour: that of so narrow a choice by one who keeps the hour but not the minute.

*Bounds.* A day's finding looks back ``LOOK_BACK_DAYS`` days. A run is counted for at most ``RUN_DAYS`` days, so that after about a
fortnight what went on has become the subject's habit: the episode ends with the last finding, long since in an officer's hands.

*Measured.* Alertbench scenarios, in which nobody leaves the phone behind, 28 days each, seeds 21 to 24, intervals 300 to 1800 s, error
scales 0.7 to 1.6: 0.25 to 0.54 false episodes per 100 subject-days; twelve real phones (80 phone-days): none, and the longest repetition to
the digit in waking hours was 1.5 h. A phone left at home for a week by subjects who had gone out on each of the observed days
before: found on the second day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from corrections.domain.geodesy import distance_m
from corrections.domain.model import FOREVER_US, Episode, Rule
from corrections.domain.patterns import (
    DAY_US,
    FIRST_FIXES,
    HOUR_US,
    MINUTE_US,
    SECOND_US,
    Pattern,
    Track,
    local_us,
    metres_from,
    runs,
    span_end,
)
from corrections.domain.zones import from_us_local_date, local_midnight_us

HABIT_DAYS = 14
RUN_DAYS = 7
LOOK_BACK_DAYS = HABIT_DAYS + RUN_DAYS - 1
LEAST_HABIT_DAYS = 10  # fewer observed days are no habit: a weekend must be among them
AWAY_RADII = 2.0  # beside away_m: how many radii a fix must be off before it says that the phone moved
STAY_FIXES, STAY_US = 3, 10 * MINUTE_US  # so many fixes over so long, away together, are no wrong fix
WAY_US, WAY_M = 5 * MINUTE_US, 50.0  # or two that are apart in time and place
CHECK_IN_CIRCLE_US = HOUR_US
STILL, FROZEN, SAME_MINUTE = "still", "frozen", "same_minute"


@dataclass(frozen=True, slots=True)
class LeftBehindRule:
    """``waking_from`` to ``waking_until``: local hours in which a person moves. ``coverage``: the share of these hours in which there
    must be an accurate fix (of at most ``within_m``). ``away_m``: how far off, beside its radius, is away. ``frozen_h``: waking hours
    of repeated fixes. ``check_ins``: days of check-ins to compare (0: none are), of at most ``check_ins_a_day`` each."""

    waking_from: time = time(7)
    waking_until: time = time(22)
    coverage: float = 0.8
    within_m: float = 200.0
    away_m: float = 150.0
    frozen_h: float = 8.0
    chance: float = 0.0125
    check_ins: int = 12
    check_ins_a_day: int = 4
    check_in_chance: float = 1e-5


@dataclass(frozen=True, slots=True)
class Day:
    """What is told of one local day.

    ``track`` are the accurate fixes of its waking hours, ``done_us`` the first fix after them (None: they are not over), with which all
    that is told of the day is known. ``moved_us`` is the first fix that left the day's place for good reason.
    """

    day: date
    track: Track
    done_us: int | None
    observed: bool
    moved_us: int | None
    frozen_h: float
    lat: float
    lon: float
    first_us: int | None  # the first sign of life of the day
    fixes: int  # since midnight

    def has(self, sign: str, rule: LeftBehindRule) -> bool:
        if sign == STILL:
            return self.observed and self.moved_us is None
        return self.observed and self.frozen_h >= rule.frozen_h


@dataclass(frozen=True, slots=True)
class _Finding:
    """That a day has a sign for the ``run``-th day in a row, with which chance; ``began`` is the first of them."""

    day: int
    began: int
    sign: str
    run: int
    chance: float


def left_behind(
    track: Track,
    lawful: Sequence[tuple[int, int]],
    timezone: ZoneInfo,
    rule: LeftBehindRule,
    interval_s: int,
    since_us: int,
    until_us: int = FOREVER_US,
) -> list[Pattern]:
    """The episodes whose findings fall on local days that begin in ``[since_us, until_us)``.

    ``track`` must reach back ``LOOK_BACK_DAYS`` local days before, and on for as long as is known. ``interval_s`` is the device's. 1. Tell
    each day. 2. Find. 3. Join findings into episodes, which end when the phone is seen to move.
    """
    if not len(track):
        return []
    days = tell_days(track, timezone, rule)
    found: dict[int, list[_Finding]] = {}
    for i, day in enumerate(days):
        if since_us <= local_midnight_us(day.day, timezone) < until_us and (findings := _findings(days, i, rule, interval_s)):
            found[i] = findings
    return [_pattern(days, chain, found, track, lawful, rule) for chain in _chains(days, found)]


def first_day(previous_us: int | None, since_us: int, timezone: ZoneInfo, rule: LeftBehindRule) -> date:
    """The first local day of which fixes from ``since_us`` on can change what is told. That is theirs, or the one before that they are
    the first to show to be over; ``previous_us`` is the last fix before them."""
    if previous_us is not None:
        before = from_us_local_date(previous_us, timezone)
        if previous_us < local_us(before, rule.waking_until, timezone) <= since_us:
            return before
    return from_us_local_date(since_us, timezone)


def touched(track: Track, timezone: ZoneInfo, rule: LeftBehindRule, since_us: int, first: date) -> bool:
    """Whether fixes from ``since_us`` on can change what is told of any day that is over, from ``first`` on. ``track`` must hold the
    fixes from the start of the local day of ``since_us`` on."""
    if not len(track):
        return True
    day, latest = first, int(track.fix_us[-1])
    while (sleeps := local_us(day, rule.waking_until, timezone)) <= latest:
        if since_us <= int(track.fix_us[np.searchsorted(track.fix_us, sleeps)]):
            return True
        day += timedelta(days=1)
    return False


# ---- a day


def tell_days(track: Track, timezone: ZoneInfo, rule: LeftBehindRule) -> list[Day]:
    """Each local day from the first fix to the last."""
    first, last = (from_us_local_date(int(us), timezone) for us in track.fix_us[[0, -1]])
    return [_tell(track, first + timedelta(days=i), timezone, rule) for i in range((last - first).days + 1)]


def _tell(track: Track, day: date, timezone: ZoneInfo, rule: LeftBehindRule) -> Day:
    start, end = local_midnight_us(day, timezone), local_midnight_us(day + timedelta(days=1), timezone)
    wakes, sleeps = local_us(day, rule.waking_from, timezone), local_us(day, rule.waking_until, timezone)
    first, last = (int(i) for i in np.searchsorted(track.fix_us, [start, end]))
    after = int(np.searchsorted(track.fix_us, sleeps))
    done_us = int(track.fix_us[after]) if after < len(track) else None
    last = min(last, after + 1)  # what comes later changes nothing about the day
    awake = track.between(wakes, sleeps)
    good = awake.take(awake.good(rule.within_m))
    hours = -(-(sleeps - wakes) // HOUR_US)
    seen_hours = len(np.unique((good.fix_us - wakes) // HOUR_US))
    lat, lon = (float(np.median(good.lat)), float(np.median(good.lon))) if len(good) else (0.0, 0.0)
    return Day(
        day=day,
        track=good,
        done_us=done_us,
        observed=done_us is not None and seen_hours >= rule.coverage * hours,
        moved_us=_moved_us(good, lat, lon, rule),
        frozen_h=_frozen_us(awake) / HOUR_US,
        lat=lat,
        lon=lon,
        first_us=int(track.fix_us[first]) if last > first else None,
        fixes=last - first,
    )


def _moved_us(good: Track, lat: float, lon: float, rule: LeftBehindRule) -> int | None:
    """The first fix of a spell away from a place that no wrong fix explains: several that are away together for a while, or two that
    are apart from one another in time and place. A wrong fix that comes twice at the same spot is neither."""
    if not len(good):
        return None
    away = metres_from(good, lat, lon) > rule.away_m + AWAY_RADII * good.radius_m
    for first, last in runs(away):
        lasts = int(good.fix_us[last] - good.fix_us[first])
        if last - first + 1 >= STAY_FIXES and lasts >= STAY_US:
            return int(good.fix_us[first])
        if last > first and lasts >= WAY_US:
            apart = distance_m(float(good.lat[first]), float(good.lon[first]), float(good.lat[last]), float(good.lon[last]))
            if apart > WAY_M + float(good.radius_m[first] + good.radius_m[last]):
                return int(good.fix_us[first])
    return None


def _frozen_us(awake: Track) -> int:
    """The longest time over which fixes repeated to the digit."""
    if len(awake) < FIRST_FIXES:
        return 0
    same = (np.diff(awake.lat) == 0) & (np.diff(awake.lon) == 0)
    return max((int(awake.fix_us[last + 1] - awake.fix_us[first]) for first, last in runs(same)), default=0)


# ---- findings


def _findings(days: Sequence[Day], i: int, rule: LeftBehindRule, interval_s: int) -> list[_Finding]:
    runs_of = [_by_habit(days, i, sign, rule) for sign in (STILL, FROZEN)]
    return [f for f in (*runs_of, _same_minute(days, i, rule, interval_s)) if f is not None]


def _by_habit(days: Sequence[Day], i: int, sign: str, rule: LeftBehindRule) -> _Finding | None:
    """Whether a day's sign goes on for longer than chance and the subject's habit explain. Days of which one cannot tell are
    passed over."""
    if not days[i].has(sign, rule):
        return None
    began, run = i, 1
    for j in range(i - 1, max(i - RUN_DAYS, -1), -1):
        if not days[j].observed and days[j].moved_us is None:
            continue
        if not days[j].has(sign, rule) or not _same_place(days[j], days[began], rule):
            break
        began, run = j, run + 1
    habit = [day for day in days[max(began - HABIT_DAYS, 0) : began] if day.observed]
    if len(habit) < LEAST_HABIT_DAYS:
        return None
    share = (sum(day.has(sign, rule) for day in habit) + 0.5) / (len(habit) + 1)
    chance = float(np.prod(np.full(run, share)))
    return _Finding(i, began, sign, run, chance) if chance <= rule.chance else None


def _same_place(one: Day, other: Day, rule: LeftBehindRule) -> bool:
    return distance_m(one.lat, one.lon, other.lat, other.lon) <= rule.away_m


def _same_minute(days: Sequence[Day], i: int, rule: LeftBehindRule, interval_s: int) -> _Finding | None:
    """Check-ins at the same minute on so many days as chance does not give. Days with more fixes than a person checks in are none of
    these, and neither are those of a device whose interval alone would give the few there are."""
    if not rule.check_ins:
        return None
    few = [j for j in range(max(i - LOOK_BACK_DAYS, 0), i + 1) if 0 < days[j].fixes <= rule.check_ins_a_day]
    seen = [j for j in range(max(i - LOOK_BACK_DAYS, 0), i + 1) if days[j].fixes]
    if i not in few or len(few) < rule.check_ins or len(few) < 0.8 * len(seen):
        return None
    expected = DAY_US / (interval_s * SECOND_US)
    if np.mean([days[j].fixes for j in few]) > expected / 2:
        return None
    first = np.array([days[j].first_us for j in few], dtype=np.int64)
    turn = 2 * np.pi * ((first % CHECK_IN_CIRCLE_US) / CHECK_IN_CIRCLE_US)
    of_day = 2 * np.pi * ((first % DAY_US) / DAY_US)
    n = len(few)
    together = float(np.hypot(np.cos(turn).sum(), np.sin(turn).sum())) / n
    same_hour = float(np.hypot(np.cos(of_day).sum(), np.sin(of_day).sum())) / n
    chance = float(np.exp(-n * together * together))
    if chance > rule.check_in_chance or same_hour < 0.96 or together < 0.9:
        return None
    return _Finding(i, few[0], SAME_MINUTE, n, chance)


# ---- episodes


def _chains(days: Sequence[Day], found: Mapping[int, Sequence[_Finding]]) -> list[list[int]]:
    """Days with findings that follow one another: no day between them is known to be without one."""
    chains: list[list[int]] = []
    for i in sorted(found):
        between = days[chains[-1][-1] + 1 : i] if chains else ()
        if chains and len(between) < RUN_DAYS and not any(_tells(day, found[chains[-1][-1]]) for day in between):
            chains[-1].append(i)
        else:
            chains.append([i])
    return chains


def _tells(day: Day, findings: Sequence[_Finding]) -> bool:
    """Whether a day without a finding ends what findings told: it was observed, or there was a check-in."""
    by_check_in = any(f.sign == SAME_MINUTE for f in findings)
    return day.observed or (by_check_in and day.done_us is not None and day.fixes > 0)


def _pattern(
    days: Sequence[Day],
    chain: Sequence[int],
    found: Mapping[int, Sequence[_Finding]],
    track: Track,
    lawful: Sequence[tuple[int, int]],
    rule: LeftBehindRule,
) -> Pattern:
    """The episode of a chain of findings: from the first fix of the first day of the run, opened when the first day that sufficed was
    over, ended by the first fix that moved."""
    findings = [finding for i in chain for finding in found[i]]
    chance, began = min(f.chance for f in findings), min(f.began for f in found[chain[0]])
    certainty = 1.0 - chance
    place = days[chain[0]]
    inside = track.between(*_stretch(days, began, chain[-1]))
    distance = metres_from(inside, place.lat, place.lon) if place.observed else np.zeros(len(inside))
    fixes = [inside.fix(k, float(distance[k]), certainty) for k in range(min(FIRST_FIXES, len(inside)))]
    good = np.flatnonzero(inside.good(rule.within_m)) if place.observed else np.arange(len(inside))
    farthest = int(good[np.argmax(distance[good])])
    opened_us = _done_us(days, chain[0], track)
    started_us = int(inside.fix_us[0])
    ended_us = _ended_us(days, chain[-1], found[chain[-1]], track, rule)
    episode = Episode(
        rule=Rule.LEFT_BEHIND,
        zone_id=0,
        zone_version_id=0,
        started_us=started_us,
        opened_us=opened_us,
        ended_us=ended_us,
        last_us=int(inside.fix_us[-1]),
        window_us=0,
        window_ends_us=span_end(lawful, int(inside.fix_us[-1]), FOREVER_US),
        peak_certainty=certainty,
        peak_distance_m=float(distance[farthest]),
        fixes=len(inside),
        first=fixes,
        deepest=inside.fix(farthest, float(distance[farthest]), certainty),
        last=inside.fix(len(inside) - 1, float(distance[-1]), certainty),
    )
    return Pattern(episode, tuple(sorted({f.sign for f in findings})), _figures(days, chain, findings, chance))


def _stretch(days: Sequence[Day], began: int, last: int) -> tuple[int, int]:
    """From the first sign of life of the first day to the end of the waking hours of the last."""
    first = days[began].track
    start = int(first.fix_us[0]) if len(first) else days[began].first_us
    until = days[last].done_us
    assert start is not None
    return start, FOREVER_US if until is None else until


def _done_us(days: Sequence[Day], i: int, track: Track) -> int:
    done = days[i].done_us
    return int(track.fix_us[-1]) if done is None else done


def _ended_us(days: Sequence[Day], last: int, findings: Sequence[_Finding], track: Track, rule: LeftBehindRule) -> int | None:
    """When the phone was seen to leave the place; failing that, the end of the last finding's day, where a later day is known to be
    without one."""
    place = days[last]
    for day in days[last + 1 :]:
        left = _moved_us(day.track, place.lat, place.lon, rule) if place.observed else None
        if left is not None:
            return left
        if _tells(day, findings):
            return _done_us(days, last, track)
    return None


def _figures(days: Sequence[Day], chain: Sequence[int], findings: Sequence[_Finding], chance: float) -> dict[str, float]:
    longest = {sign: max((f.run for f in findings if f.sign == sign), default=0) for sign in (STILL, FROZEN, SAME_MINUTE)}
    return {
        "chance": chance,
        "still_days": longest[STILL],
        "frozen_days": longest[FROZEN],
        "frozen_h": max(days[i].frozen_h for i in chain),
        "same_minute_days": longest[SAME_MINUTE],
    }
