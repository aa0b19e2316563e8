"""How sure we are that a subject is on the wrong side of a zone's edge, fix by fix.

A fix is a measurement with an error. Three assumptions turn a signed distance into a certainty:

1. *Error.* The error is a bivariate t distribution with two degrees of freedom whose scale is ``ERROR_SCALE`` of the claimed 68 %
   radius. It has the heavy tail that real claims have: in 2,425 fixes of phones at rest the error over the claim was 0.46 at the
   68th percentile, 1.09 at the 90th, 2.16 at the 95th and 5.22 at the 99th (domain notes, section 6.3); this one gives 0.74, 1.53,
   2.22 and 5.07, cautious in the middle and right in the tail. Across a straight edge its marginal is a t distribution with two
   degrees of freedom, whose distribution function is algebraic: 1/2 + x / (2 sqrt(2 + x²)). One block in ``1 / DOUBT`` is taken to be
   wrong whatever it claims (a cached or wrong Wi-Fi position), so a single fix can never decide by itself.
2. *Correlation.* Errors minutes apart are nearly the same error. Fixes within ``BLOCK`` of the first of a block count together as
   one measurement, their mean; the next block is new evidence. A phone that hangs on one mast repeats its error, so blocks of cell
   fixes are longer. And a phone at rest may repeat the same error for hours, so agreement refutes only wrong fixes: however many
   agree, they raise the certainty no higher than the distance and radius of one block support. (They may lower it: the benefit of
   the doubt is the subject's.)
3. *Movement.* Between fixes the certainty fades towards the prior, half of it in ``FADE``: a subject out of sight may have moved.
   The odds are bounded by those of the prior on both sides, so that a long time on one side takes no longer to overturn.

Bayes' rule in odds joins them, a two-state filter in order of fix time (Rabiner 1989, section III, with a memory that fades). Only
the four operations and the square root are used, which IEEE 754 defines to the bit: the same reports give the same certainty in
whatever batches they are taken.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from corrections.domain.model import SOURCES, Floats, Ints, Source

ERROR_SCALE = 0.36
DOUBT = 0.02
MINUTE_US = 60_000_000
FADE_US = 360 * MINUTE_US
BLOCK_US = np.array([30 if source is Source.CELL else 5 for source in SOURCES], dtype=np.int64) * MINUTE_US
SURE = 1e-6  # bounds of a probability, so that odds stay finite
LEAST_RADIUS_M = 5.0  # no phone is better, whatever it claims
# Beyond this many radii the probability has reached DOUBT: further distance says nothing more.
ENOUGH_RADII = ERROR_SCALE * float(np.sqrt(2.0) * (1 - 2 * DOUBT) / np.sqrt(1 - (1 - 2 * DOUBT) ** 2))


@dataclass(frozen=True, slots=True)
class BeliefRule:
    """``prior``: how likely a subject is on the wrong side before anything was measured. ``floor_m``: the radius assumed where
    a client claims none, in the order of ``SOURCES``."""

    prior: float = 0.01
    floor_m: tuple[float, ...] = (100.0, 30.0, 100.0, 2000.0)


@dataclass(slots=True)
class Belief:
    """The memory of many pairs of subject and zone, as columns of one length. ``odds`` are those before the current block, which
    began at ``block_us`` with ``block_sum`` over ``block_n`` fixes (0: nothing measured yet); ``last_us`` is the last fix."""

    odds: Floats
    block_us: Ints
    block_sum: Floats
    block_n: Ints
    last_us: Ints


def radius_m(accuracy_m: Floats, source: Ints, rule: BeliefRule) -> Floats:
    """The 68 % radius to reckon with: the claimed one, at least ``LEAST_RADIUS_M``; the source's floor where none is claimed (nan).

    Arrays of one length.
    """
    floor = np.array(rule.floor_m, dtype=np.float64)[source]
    return np.where(np.isnan(accuracy_m), floor, np.maximum(accuracy_m, LEAST_RADIUS_M))


def wrong_side_probability(distance_m: Floats, radius: Floats) -> Floats:
    """Of each fix alone, with nothing else known: signed metres to the edge (positive on the wrong side) and radius in metres.

    >>> float(wrong_side_probability(np.array([0.0]), np.array([20.0]))[0])
    0.5
    """
    x = distance_m / (ERROR_SCALE * radius)
    return np.minimum(np.maximum(0.5 + 0.5 * x / np.sqrt(2.0 + x * x), SURE), 1.0 - SURE)


def follow(belief: Belief, first: Ints, count: Ints, probability: Floats, fix_us: Ints, block_us: Ints, rule: BeliefRule) -> Floats:
    """The certainty that the subject is on the wrong side after each fix, and ``belief`` brought forward in place.

    ``probability``, ``fix_us`` and ``block_us`` (how long a block may last) have one entry a row; the rows of pair ``i`` are
    ``first[i]`` to ``first[i] + count[i] - 1``, in order of fix time. One step takes the next row of every pair at once.
    """
    certainty = np.empty(len(probability), dtype=np.float64)
    longest = np.argsort(-count, kind="stable")
    alive = len(count)
    for step in range(int(count.max()) if len(count) else 0):
        while alive and count[longest[alive - 1]] <= step:
            alive -= 1
        pair = longest[:alive]
        row = first[pair] + step
        certainty[row] = _step(belief, pair, probability[row], fix_us[row], block_us[row], rule)
    return certainty


def _step(belief: Belief, pair: Ints, probability: Floats, fix_us: Ints, block_us: Ints, rule: BeliefRule) -> Floats:
    fresh = (belief.block_n[pair] == 0) | (fix_us - belief.block_us[pair] >= block_us)
    base = np.where(fresh, _faded(belief, pair, fix_us, rule), belief.odds[pair])
    n = np.where(fresh, 0, belief.block_n[pair]) + 1
    total = np.where(fresh, 0.0, belief.block_sum[pair]) + probability
    belief.odds[pair], belief.block_sum[pair], belief.block_n[pair] = base, total, n
    belief.block_us[pair] = np.where(fresh, fix_us, belief.block_us[pair])
    belief.last_us[pair] = fix_us
    odds = _moved(base, total / n, rule)
    return odds / (1.0 + odds)


def _moved(base: Floats, mean: Floats, rule: BeliefRule) -> Floats:
    """The odds after a block whose fixes give ``mean`` on average: Bayes' rule, raised no higher than the block alone supports."""
    least = rule.prior / (1.0 - rule.prior)
    trusted = np.minimum(np.maximum(mean, DOUBT), 1.0 - DOUBT)
    odds = base * trusted / (1.0 - trusted)
    odds = np.minimum(odds, np.maximum(base, mean / (1.0 - mean)))
    return np.minimum(np.maximum(odds, least), 1.0 / least)


def _faded(belief: Belief, pair: Ints, fix_us: Ints, rule: BeliefRule) -> Floats:
    """The odds with which a new block begins: those after the last one, drawn towards the prior by the time since."""
    least = rule.prior / (1.0 - rule.prior)
    first = belief.block_n[pair] == 0
    mean = np.where(first, 0.5, belief.block_sum[pair] / np.maximum(belief.block_n[pair], 1))
    odds = _moved(belief.odds[pair], mean, rule)
    sure = odds / (1.0 + odds)
    since = np.where(first, 0, fix_us - belief.last_us[pair]).astype(np.float64)
    sure = rule.prior + (sure - rule.prior) * (FADE_US / (FADE_US + since))
    return np.minimum(np.maximum(sure / (1.0 - sure), least), 1.0 / least)
