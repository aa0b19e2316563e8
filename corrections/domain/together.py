"""违反禁止接触: whether two subjects whom an order keeps apart were together.

Each fix of either is a moment to compare: where she was by that fix, and where the other was by interpolation between her fixes
around it (no more of her own intervals apart than ``REACH_INTERVALS``), one of which must be as near in time to the moment as the
smaller of the two intervals. What may lie between two fixes widens the radius: the way between them, or a walk since the only one at
hand.

The errors are heavy-tailed, as everywhere here (``belief``): a bivariate t distribution with two degrees of freedom. That one is the
stereographic image of the uniform distribution on the sphere, on which circles are circles; so the probability that the two were
within the order's distance has a closed form, the area of a cap. The difference of two such errors is taken as one of the same kind
whose squared scale is the sum of the two.

A moment is a finding when through the ``minutes`` before it every comparison spoke for being together (``MORE_LIKELY``) and their
mean is at least ``certainty``. Two people who live next door to one another, or take the same bus, may be near without being in
contact: the distance and the minutes are the order's, and an officer asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from corrections.domain.belief import ERROR_SCALE
from corrections.domain.geodesy import distances_m
from corrections.domain.model import FOREVER_US, Episode, Floats, Ints, Rule
from corrections.domain.patterns import FIRST_FIXES, MINUTE_US, SECOND_US, Pattern, Track, runs, span_end

REACH_INTERVALS = 1.5  # a phone keeps its interval only roughly
MORE_LIKELY = 0.5
WALK_MPS = 1.0


@dataclass(frozen=True, slots=True)
class TogetherRule:
    """``certainty``: the mean probability of being together over the order's minutes. ``within_m``: fixes of a larger radius say nothing
    about it."""

    certainty: float = 0.8
    within_m: float = 200.0


@dataclass(frozen=True, slots=True)
class Ban:
    """An order in ``[from_us, until_us)``: together is less than ``distance_m`` apart for ``minutes``."""

    id: int
    from_us: int
    until_us: int
    distance_m: float
    minutes: float


@dataclass(frozen=True, slots=True)
class Party:
    """One of the two: her track, when she might be located, and the interval of her device."""

    track: Track
    lawful: Sequence[tuple[int, int]]
    interval_s: int


@dataclass(frozen=True, slots=True)
class Meeting:
    """From ``started_us`` to ``last_us``, known for certain at ``opened_us``. ``at_us``, ``apart_m`` and ``probability`` are the
    comparisons in it."""

    started_us: int
    opened_us: int
    last_us: int
    ended_us: int | None
    certainty: float
    at_us: Ints
    apart_m: Floats
    probability: Floats


def within_probability(apart_m: Floats, limit_m: float, scale_m: Floats) -> Floats:
    """How probable it is that two are within ``limit_m`` of one another who were measured ``apart_m`` metres apart with an error of
    scale ``scale_m``. Arrays of one length.

    >>> [round(float(p), 3) for p in within_probability(np.array([0.0, 50.0, 100.0, 1e4]), 100.0, np.full(4, 10.0))]
    [0.98, 0.965, 0.535, 0.0]
    """
    delta, limit = apart_m / (np.sqrt(2.0) * scale_m), limit_m / (np.sqrt(2.0) * scale_m)
    across = np.sqrt((1.0 + (delta + limit) ** 2) * (1.0 + (delta - limit) ** 2))
    return np.asarray(0.5 * (1.0 - (1.0 + delta * delta - limit * limit) / across))


def reach_us(one_interval_s: int, two_interval_s: int, minutes: float) -> int:
    """How far from a fix the moments lie whose finding it can change."""
    return round(minutes * MINUTE_US) + 2 * _gap_us(one_interval_s, two_interval_s)


def meetings(
    one: Party, two: Party, ban: Ban, rule: TogetherRule, since_us: int = -FOREVER_US, until_us: int = FOREVER_US
) -> list[Meeting]:
    """When two were together, for findings in ``[since_us, until_us)``; the tracks must reach ``reach_us`` further on either side. The
    same whichever of them is named first, if callers keep to one order."""
    first, second = (party.track.take(party.track.good(rule.within_m)) for party in (one, two))
    at = np.union1d(first.fix_us, second.fix_us)
    at = at[(at >= ban.from_us) & (at < ban.until_us)]
    near_us = round(REACH_INTERVALS * min(one.interval_s, two.interval_s) * SECOND_US)
    here, there = _positions(first, at, near_us, one.interval_s), _positions(second, at, near_us, two.interval_s)
    known = ~np.isnan(here[2]) & ~np.isnan(there[2])
    at = at[known]
    apart = distances_m(here[0][known], here[1][known], there[0][known], there[1][known])
    scale = ERROR_SCALE * np.sqrt(here[2][known] ** 2 + there[2][known] ** 2)
    probability = within_probability(apart, ban.distance_m, scale)
    gap_us = _gap_us(one.interval_s, two.interval_s)
    found = _findings(at, probability, ban, rule, gap_us)
    found = [f for f in found if since_us <= at[f[1]] < until_us]
    latest = min(int(party.track.fix_us[-1]) if len(party.track) else -FOREVER_US for party in (one, two))
    return [_meeting(chain, at, apart, probability, latest, gap_us) for chain in _chains(at, found)]


def of_party(meeting: Meeting, own: Party, other: Party, other_id: int, ban: Ban) -> Pattern:
    """A meeting as an episode of one of the two; the evidence holds her own fixes only. A distance is how far within the order's."""
    inside = own.track.between(meeting.started_us, meeting.last_us + 1)
    at = np.minimum(np.searchsorted(meeting.at_us, inside.fix_us), len(meeting.at_us) - 1)
    within, sure = ban.distance_m - meeting.apart_m[at], meeting.probability[at]
    rows = np.flatnonzero(meeting.at_us[at] == inside.fix_us)
    kept = [inside.fix(int(k), float(within[k]), float(sure[k])) for k in rows]
    ends = (span_end(party.lawful, meeting.last_us, FOREVER_US) for party in (own, other))
    closest = float(meeting.apart_m.min())
    episode = Episode(
        rule=Rule.TOGETHER,
        zone_id=0,
        zone_version_id=0,
        started_us=meeting.started_us,
        opened_us=meeting.opened_us,
        ended_us=meeting.ended_us,
        last_us=meeting.last_us,
        window_us=0,
        window_ends_us=min(*ends, ban.until_us),
        peak_certainty=meeting.certainty,
        peak_distance_m=ban.distance_m - closest,
        fixes=len(kept),
        first=kept[:FIRST_FIXES],
        deepest=max(kept, key=lambda fix: fix.distance_m, default=None),
        last=kept[-1] if kept else None,
        other_id=other_id,
    )
    minutes = (meeting.last_us - meeting.started_us) / MINUTE_US
    figures = {"ban": ban.id, "distance_m": ban.distance_m, "minutes": ban.minutes, "closest_m": closest, "together_minutes": minutes}
    return Pattern(episode, ("together",), figures)


def _gap_us(one_interval_s: int, two_interval_s: int) -> int:
    return round(REACH_INTERVALS * max(one_interval_s, two_interval_s) * SECOND_US)


def _positions(track: Track, at: Ints, near_us: int, interval_s: int) -> tuple[Floats, Floats, Floats]:
    """Latitude, longitude and radius at each moment; the radius is nan where no fix is near enough in time."""
    if not len(track):
        return np.zeros(len(at)), np.zeros(len(at)), np.full(len(at), np.nan)
    before = np.clip(np.searchsorted(track.fix_us, at, side="right") - 1, 0, len(track) - 1)
    after = np.clip(np.searchsorted(track.fix_us, at, side="left"), 0, len(track) - 1)
    since, until = (at - track.fix_us[before]).astype(np.float64), (track.fix_us[after] - at).astype(np.float64)
    reach = REACH_INTERVALS * interval_s * SECOND_US
    has_before, has_after = (since >= 0) & (since <= reach), (until >= 0) & (until <= reach)
    near = (has_before & (since <= near_us)) | (has_after & (until <= near_us))
    share = np.divide(since, since + until, out=np.zeros(len(at)), where=has_before & has_after & (since + until > 0))
    share = np.where(has_before, share, 1.0)
    way = distances_m(track.lat[before], track.lon[before], track.lat[after], track.lon[after])
    both = has_before & has_after
    drift = np.where(both, way * np.minimum(share, 1.0 - share), WALK_MPS * np.where(has_before, since, until) / SECOND_US)
    larger = np.maximum(track.radius_m[before], track.radius_m[after])
    own = np.where(has_before, track.radius_m[before], track.radius_m[after])
    radius = np.where(both, np.where(way > 0, larger, own), own) + drift
    lat = track.lat[before] * (1.0 - share) + track.lat[after] * share
    lon = track.lon[before] * (1.0 - share) + track.lon[after] * share
    return lat, lon, np.where(near, radius, np.nan)


def _findings(at: Ints, probability: Floats, ban: Ban, rule: TogetherRule, gap_us: int) -> list[tuple[int, int, float]]:
    """(first comparison of the order's minutes, last one, mean probability) for each moment at which they were over."""
    lasts_us = round(ban.minutes * MINUTE_US)
    found = []
    for first, last in runs(probability >= MORE_LIKELY):
        cuts = np.flatnonzero(np.diff(at[first : last + 1]) > gap_us) + first + 1
        for begin, end in zip([first, *cuts.tolist()], [*cuts.tolist(), last + 1], strict=True):
            for k in range(begin, end):
                start = int(np.searchsorted(at, at[k] - lasts_us, side="right")) - 1
                if start >= begin and (mean := float(np.mean(probability[start : k + 1]))) >= rule.certainty:
                    found.append((start, k, mean))
    return found


def _chains(at: Ints, found: Sequence[tuple[int, int, float]]) -> list[list[tuple[int, int, float]]]:
    chains: list[list[tuple[int, int, float]]] = []
    for finding in found:
        if chains and at[finding[0]] <= at[chains[-1][-1][1]]:
            chains[-1].append(finding)
        else:
            chains.append([finding])
    return chains


def _meeting(chain: Sequence[tuple[int, int, float]], at: Ints, apart: Floats, probability: Floats, latest_us: int, gap_us: int) -> Meeting:
    first, last = chain[0][0], chain[-1][1]
    last_us = int(at[last])
    return Meeting(
        started_us=int(at[first]),
        opened_us=int(at[chain[0][1]]),
        last_us=last_us,
        ended_us=None if latest_us - last_us <= gap_us else last_us,
        certainty=max(mean for _, _, mean in chain),
        at_us=at[first : last + 1],
        apart_m=apart[first : last + 1],
        probability=probability[first : last + 1],
    )
