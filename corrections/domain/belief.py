"""Where a subject is, as far as her fixes tell, and so how sure we are that she is on the wrong side of a zone's edge, fix by fix.

A fix is a measurement with an error, not a place. The belief is a mixture over a few places, each where one of her fixes was: how
probable it is that she is where that fix says. The certainty that she is on the wrong side of an edge is the sum over the places of
that probability times the probability, from distance and radius alone, that the place itself is on the wrong side. With each fix the
mixture is brought forward by Bayes' rule (a bank of hypotheses as in multiple-hypothesis tracking, Reid 1979; the forward pass of a
hidden Markov model whose states are the fixes themselves, Rabiner 1989, section III). A new fix is explained in one of three ways:

1. *She stayed* at one of the places, and the fix is in error. The error is a bivariate t distribution with two degrees of freedom
   whose scale is ``ERROR_SCALE`` of the claimed 68 % radius. It has the heavy tail that real claims have: in 2,425 fixes of phones
   at rest the error over the claim was 0.46 at the 68th percentile, 1.09 at the 90th, 2.16 at the 95th and 5.22 at the 99th (domain
   notes, section 6.3); this one gives 0.74, 1.53, 2.22 and 5.07, cautious in the middle and right in the tail. Errors repeat:
   with a probability that fades with time, slowest for cell fixes, as long as the phone hangs on one mast, the error is that of the
   fix before. So two fixes ten seconds apart prove hardly more than one.
2. *She moved* to where the fix says. Whoever rests sets out about once in ``REST_S``; whoever has just arrived somewhere is most
   likely still under way, so a journey seen on its way is believed at once. How far she gets is again heavy-tailed, with a scale of
   ``PACE_MPS`` for the time between the fixes, or she ambles about (``AMBLE``), which lets a place follow what is measured there.
3. *The fix is wrong*, whatever it claims (a cached or wrong Wi-Fi position): one in ``1 / DOUBT``, anywhere within some kilometres.
   A wrong fix may come again (``REPEAT``, fading with time) at nearly the same spot, where a true one would scatter by its own error.
   So a jump without a journey waits for a third fix or for a second that is not the first one's copy.

What decides is therefore how plausible the movement is, not how far the zone: no zone enters the belief, and one belief serves all.
Only the four operations, rounding and the square root are used, which IEEE 754 defines to the bit: the same fixes give the same
belief in whatever batches they are taken.

Measured, over made districts with known truth, against a two-state filter on the side of each zone (with blocks of minutes that count
once, and with a flat share of outliers), every fix, accurate fixes only and two agreeing fixes: figures in CHANGELOG.md, frontier by
``scripts/bench --alertbench``. Left out because they found no more: more than four places; where the subject usually is (places seen
on two days or more, made up to three times likelier goals than others); a Cauchy tail for ways; wrong fixes that repeat for ever.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from corrections.domain.model import SOURCES, Bools, Floats, Ints, Source

PLACES = 4  # five or more find no more (measured)
ERROR_SCALE = 0.36
DOUBT = 0.02
CELL_DOUBT = 0.05  # of a cell fix that claims to be better than any mast allows
FAR_OFF_M = 3000.0  # how far off wrong fixes lie
REPEAT, REPEAT_FADES_S = 0.95, 140.0
REPEAT_M = 12.0
REST_S = 5 * 3600.0
UNDERWAY_S = 600.0
PACE_MPS = 3.0
FIRST = 0.5  # how far the very first fix of a subject is believed: with nothing to hold it against, it never decides
LEAST_WAY_M, MOST_WAY_M = 300.0, 20_000.0
AMBLE = 0.05
AMBLE_M = 40.0
_BY_SOURCE = {  # the least radius that is believed, how probably the next fix of the source repeats an error, for how long
    Source.UNKNOWN: (5.0, 1.0, 280.0),
    Source.SATELLITE: (5.0, 1.0, 280.0),
    Source.WIFI: (10.0, 1.0, 280.0),
    Source.CELL: (150.0, 1.0, 6000.0),
}
LEAST_RADIUS_M, KEPT, KEPT_S = (np.array(column) for column in zip(*(_BY_SOURCE[source] for source in SOURCES), strict=True))
KEPT_ACROSS, KEPT_ACROSS_S = 0.3, 300.0  # between fixes of different sources
CELL = SOURCES.index(Source.CELL)
M_PER_DEGREE = 111_200.0
LEAST, NEGLIGIBLE = 1e-280, 1e-15
LEAST_FRESH = 0.001  # so that two fixes of one moment can be compared at all
COARSE_FROM_M, COARSE_TIMES = 1000.0, 4.0
# Beyond this many radii on the right side a place is on the wrong side with less than half a per cent: further says nothing.
ENOUGH_RADII = ERROR_SCALE * 10.0


@dataclass(frozen=True, slots=True)
class BeliefRule:
    """``floor_m``: the radius assumed where a client claims none, in the order of ``SOURCES``."""

    floor_m: tuple[float, ...] = (100.0, 30.0, 100.0, 2000.0)


@dataclass(slots=True)
class Belief:
    """The memory of n subjects, as columns.

    Of shape ``(PLACES, n)``: where a place is (WGS-84 degrees), its radius in metres; the probability that she is there while the last
    fix was ``sound``, and while it was ``wrong`` (all of a subject sum to 1, after the first fix alone
    to ``FIRST``); how probably she had just arrived there (``arrived``).
    Of shape ``(n,)``: the last fix (degrees, µs, source code; ``last_us`` below 0: none yet).
    """

    lat: Floats
    lon: Floats
    radius_m: Floats
    sound: Floats
    wrong: Floats
    arrived: Floats
    last_lat: Floats
    last_lon: Floats
    last_us: Ints
    last_source: Ints

    @staticmethod
    def none(n: int) -> Belief:
        """Nothing known of n subjects."""
        places, last = np.zeros((5, PLACES, n)), np.zeros((2, n))
        return Belief(
            places[0], places[1], np.ones((PLACES, n)), places[2], places[3], places[4],
            last[0], last[1], np.full(n, -1, dtype=np.int64), np.zeros(n, dtype=np.int64),
        )  # fmt: skip

    def take(self, index: Ints) -> Belief:
        """The columns of some subjects."""
        return Belief(*(np.ascontiguousarray(getattr(self, name)[..., index]) for name in self.__slots__))


@dataclass(slots=True)
class Fixes:
    """Columns of fixes of many subjects, each subject's in order of time: the rows of subject ``i`` are ``first[i]`` to
    ``first[i] + count[i] - 1``. Degrees, metres (``radius_m`` as ``radius_m()`` gives it; ``claimed_m`` nan where none), µs."""

    first: Ints
    count: Ints
    lat: Floats
    lon: Floats
    radius_m: Floats
    claimed_m: Floats
    fix_us: Ints
    source: Ints


@dataclass(slots=True)
class Followed:
    """After each fix: the probability of each place, of shape ``(PLACES, rows)``; which place it is, as ``PLACES + k`` for the
    subject's k-th fix here and below ``PLACES`` for a place remembered from before; and, of shape ``(rows,)``, the probability that
    the fix itself is wrong."""

    probability: Floats
    place: Ints
    doubt: Floats


def likely_source(accuracy_m: Floats, source: Ints) -> Ints:
    """The code of the source to reckon with: a fix of an unknown source that claims ``COARSE_FROM_M`` or more is a cell fix.

    Arrays of one length.
    """
    return np.where((source == SOURCES.index(Source.UNKNOWN)) & (accuracy_m >= COARSE_FROM_M), CELL, source)


def radius_m(accuracy_m: Floats, source: Ints, rule: BeliefRule) -> Floats:
    """The 68 % radius to reckon with: the claimed one, at least what its source allows; the source's floor where none is claimed (nan).

    A claim of ``COARSE_FROM_M`` or more without a source is ``COARSE_TIMES`` too small: in 576 such fixes of phones at rest (iOS, cell)
    the error was 0.5 to 1.0 of the claim in the middle, 2.4 to 3.1 at the 90th percentile and up to 6.3 at the 99th. Arrays of one
    length; ``source`` as the client says.
    """
    likely = likely_source(accuracy_m, source)
    floor = np.array(rule.floor_m, dtype=np.float64)[likely]
    claimed = np.where(likely == source, accuracy_m, COARSE_TIMES * accuracy_m)
    return np.where(np.isnan(accuracy_m), floor, np.maximum(claimed, LEAST_RADIUS_M[likely]))


def wrong_side_probability(distance_m: Floats, radius: Floats) -> Floats:
    """Of a place alone, with nothing else known: signed metres to the edge (positive on the wrong side) and radius in metres.

    The marginal of the error across a straight edge, a t distribution with two degrees of freedom: 1/2 + x / (2 sqrt(2 + x²)).

    >>> float(wrong_side_probability(np.array([0.0]), np.array([20.0]))[0])
    0.5
    """
    x = distance_m / (ERROR_SCALE * radius)
    return 0.5 + 0.5 * x / np.sqrt(2.0 + x * x)


def follow(belief: Belief, fixes: Fixes) -> Followed:
    """Bring ``belief`` forward in place through the fixes of its subjects. One step takes the next fix of every subject at once.

    Raises ValueError where a subject's fixes are not in order of time, or not later than what is remembered of her.
    """
    before = np.concatenate([[0], fixes.fix_us[:-1]]) if len(fixes.fix_us) else fixes.fix_us
    before[fixes.first] = belief.last_us
    if (fixes.fix_us < before).any():
        raise ValueError("a subject's fixes are not in order of time")
    rows, n = len(fixes.lat), len(fixes.count)
    done = Followed(np.zeros((PLACES, rows)), np.zeros((PLACES, rows), dtype=np.int64), np.zeros(rows))
    longest = np.argsort(-fixes.count, kind="stable")
    state = belief.take(longest)
    place = np.repeat(np.arange(PLACES, dtype=np.int64)[:, None], n, axis=1)
    alive = n
    for step in range(int(fixes.count.max()) if n else 0):
        while alive and fixes.count[longest[alive - 1]] <= step:
            alive -= 1
        row = fixes.first[longest[:alive]] + step
        _step(state, place, alive, row, PLACES + step, fixes)
        done.probability[:, row] = state.sound[:, :alive] + state.wrong[:, :alive]
        done.place[:, row] = place[:, :alive]
        done.doubt[row] = _total(state.wrong[:, :alive])
    for name in Belief.__slots__:
        getattr(belief, name)[..., longest] = getattr(state, name)
    return done


def _step(state: Belief, place: Ints, alive: int, row: Ints, label: int, fixes: Fixes) -> None:
    """One fix of each of the first ``alive`` subjects: explained in three ways, and given a place of its own instead of the least likely,
    which is merged into it as far as it is the same."""
    s = Belief(*(getattr(state, name)[..., :alive] for name in Belief.__slots__))
    lat, lon, radius = fixes.lat[row], fixes.lon[row], fixes.radius_m[row]
    after = _explained(s, lat, lon, radius, fixes.fix_us[row], fixes.source[row], fixes.claimed_m[row])
    first = s.last_us < 0
    least, slot = after.sound[0] + after.wrong[0], np.zeros(alive, dtype=np.int64)
    for i in range(1, PLACES):
        lower = after.sound[i] + after.wrong[i] < least
        least, slot = np.where(lower, after.sound[i] + after.wrong[i], least), np.where(lower, i, slot)
    chosen = np.arange(PLACES)[:, None] == slot
    near_by = np.where(chosen, after.closeness, 0.0)
    merged_sound, merged_wrong = _total(near_by * after.sound), _total(near_by * after.wrong)
    rest = 1.0 / (1.0 - (least - merged_sound - merged_wrong))
    new = np.where(first, FIRST, after.new + merged_sound)
    s.sound[:] = np.where(chosen, new, after.sound) * rest
    s.wrong[:] = np.where(chosen, merged_wrong, after.wrong) * rest
    s.arrived[:] = np.where(chosen & ~first, after.arrived / np.maximum(new, LEAST), 0.0)
    for column, value in ((s.lat, lat), (s.lon, lon), (s.radius_m, radius), (place[:, :alive], label)):
        column[:] = np.where(chosen, value, column)
    s.last_lat[:], s.last_lon[:], s.last_us[:], s.last_source[:] = lat, lon, fixes.fix_us[row], fixes.source[row]


@dataclass(slots=True)
class _After:
    """What becomes of each place with a sound fix and with a wrong one, and how close to it the fix is (1 at the spot, 0 far off): of
    shape ``(PLACES, n)``. Of a ``new`` place where the fix is, and what of it has only just arrived: of shape ``(n,)``."""

    sound: Floats
    wrong: Floats
    closeness: Floats
    new: Floats
    arrived: Floats


def _explained(s: Belief, lat: Floats, lon: Floats, radius: Floats, fix_us: Ints, source: Ints, claimed: Floats) -> _After:
    """The three ways, by Bayes' rule. Densities are per square metre times 2π."""
    since = (fix_us - s.last_us).astype(np.float64) * 1e-6
    doubt = np.where((source == CELL) & (claimed < LEAST_RADIUS_M[CELL]), CELL_DOUBT, DOUBT)
    repeat = REPEAT * (REPEAT_FADES_S / (REPEAT_FADES_S + since))
    east, north = _offset_m(s.lat, s.lon, lat, lon)
    on_east, on_north = _offset_m(s.last_lat, s.last_lon, lat, lon)
    away2, copy2 = east * east + north * north, on_east * on_east + on_north * on_north
    kept = _kept(source, s.last_source, since)
    fresh = np.maximum(1.0 - kept * kept, LEAST_FRESH)  # the share of the variance by which a copy differs
    scale2 = (ERROR_SCALE * radius) ** 2
    stay2 = np.maximum(scale2, 0.25 * (ERROR_SCALE * s.radius_m) ** 2)
    setting_out = since / (since + REST_S) * (1.0 - s.arrived) + since / (since + UNDERWAY_S) * s.arrived
    way2 = np.minimum(np.maximum(PACE_MPS * since, LEAST_WAY_M), MOST_WAY_M) ** 2 + scale2

    unrepeated = s.wrong * (1.0 - repeat)  # the last fix was wrong, and this one does not repeat it
    anew = _t2(away2, stay2)
    stayed = s.sound * (kept * _t2(copy2, stay2 * fresh) + (1.0 - kept) * anew) + unrepeated * anew
    sound = (1.0 - doubt) * (1.0 - AMBLE) * (1.0 - setting_out) * stayed
    far_off = doubt / (FAR_OFF_M**2 * (1.0 + away2 / FAR_OFF_M**2) * np.sqrt(1.0 + away2 / FAR_OFF_M**2))
    wrong = (s.sound + unrepeated) * far_off + s.wrong * repeat * (1.0 - setting_out) * _t2(
        copy2, np.maximum(scale2, (1.0 - repeat) * REPEAT_M**2) * fresh
    )
    there = (1.0 - doubt) * (s.sound + unrepeated)
    moved = there * setting_out * (2.0 / (way2 * (1.0 + away2 / way2) ** 2))
    ambled = there * AMBLE * _t2(away2, scale2 + AMBLE_M**2)
    new = _total(moved) + _total(ambled)
    every = np.maximum(_total(sound) + _total(wrong) + new, LEAST)
    arrived = _total(moved) + _total(ambled * s.arrived)
    closeness = stay2 * _t2(away2, stay2)
    return _After(_share(sound, every), _share(wrong, every), closeness, new / every, arrived / every)


def _share(part: Floats, every: Floats) -> Floats:
    """A probability, none where it would not matter in a lifetime (and would slow the processor down as a denormal number)."""
    share = part / every
    return np.where(share < NEGLIGIBLE, 0.0, share)


def _kept(source: Ints, before: Ints, since: Floats) -> Floats:
    """How probably the error of the last fix is repeated by this one."""
    same: Bools = source == before
    share = np.where(same, KEPT[source], KEPT_ACROSS)
    lasting = np.where(same, KEPT_S[source], KEPT_ACROSS_S)
    return share * (lasting / (lasting + since))


def _offset_m(lat: Floats, lon: Floats, to_lat: Floats, to_lon: Floats) -> tuple[Floats, Floats]:
    """Metres east and north, good to a per cent within a few hundred kilometres, from the four operations alone."""
    turn = to_lon - lon
    turn = turn - 360.0 * np.rint(turn / 360.0)
    phi2 = (to_lat * (np.pi / 180.0)) ** 2
    cosine = 1.0 - phi2 / 2.0 * (1.0 - phi2 / 12.0 * (1.0 - phi2 / 30.0 * (1.0 - phi2 / 56.0 * (1.0 - phi2 / 90.0))))
    return turn * M_PER_DEGREE * cosine, (to_lat - lat) * M_PER_DEGREE


def _t2(square: Floats, scale2: Floats | float) -> Floats:
    """The density of the bivariate t distribution with two degrees of freedom at a squared distance, times 2π."""
    q = 1.0 + square / (2.0 * scale2)
    return 1.0 / (scale2 * q * q)


def _total(of_places: Floats) -> Floats:
    """The sum over the places, always in the same order."""
    total: Floats = of_places[0] + of_places[1]
    for i in range(2, PLACES):
        total += of_places[i]
    return total
