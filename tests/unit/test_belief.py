"""How sure: from distance and radius to a certainty, and from fix to fix."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corrections.domain.belief import BLOCK_US, DOUBT, ENOUGH_RADII, MINUTE_US, Belief, BeliefRule, follow, radius_m, wrong_side_probability
from corrections.domain.model import SOURCES, Floats, Source

RULE = BeliefRule()
GPS, CELL = SOURCES.index(Source.SATELLITE), SOURCES.index(Source.CELL)


def certainties(
    distance_m: list[float], minutes: list[float] | None = None, radius: float = 20.0, source: int = GPS, belief: Belief | None = None
) -> Floats:
    """After each of these fixes of one pair, ten minutes apart unless said otherwise."""
    n = len(distance_m)
    at = np.array([i * 10.0 for i in range(n)] if minutes is None else minutes)
    fix_us = (at * MINUTE_US).astype(np.int64)
    probability = wrong_side_probability(np.array(distance_m), np.full(n, radius))
    return follow(belief or fresh(1), np.array([0]), np.array([n]), probability, fix_us, BLOCK_US[np.full(n, source)], RULE)


def fresh(n: int) -> Belief:
    zeros = np.zeros(n, dtype=np.int64)
    return Belief(np.full(n, RULE.prior / (1 - RULE.prior)), zeros.copy(), np.zeros(n), zeros.copy(), zeros.copy())


def test_on_the_edge_nothing_is_known() -> None:
    assert wrong_side_probability(np.array([0.0]), np.array([20.0]))[0] == 0.5


@pytest.mark.parametrize(("radii", "share_beyond"), [(1.09, 0.10), (2.16, 0.05), (5.22, 0.01)])
def test_the_tail_is_at_least_as_heavy_as_that_of_real_phones(radii: float, share_beyond: float) -> None:
    """Beyond a straight edge lies less than half of what lies beyond a circle of the same distance; real fixes lay beyond the circle."""
    wrong = 1 - wrong_side_probability(np.array([radii]), np.array([1.0]))[0]

    assert share_beyond / 8 <= wrong <= share_beyond


def test_a_single_fix_never_decides() -> None:
    assert certainties([50_000.0])[0] < 0.5


def test_two_agreeing_fixes_apart_in_time_do() -> None:
    assert certainties([5_000.0, 5_000.0])[1] > 0.9


def test_two_agreeing_fixes_ten_seconds_apart_prove_no_more_than_one() -> None:
    apart = certainties([5_000.0, 5_000.0], minutes=[0, 1 / 6])

    assert apart[1] == pytest.approx(apart[0])


def test_a_phone_on_one_mast_repeats_its_error_for_longer() -> None:
    assert certainties([9_000.0, 9_000.0], source=CELL, radius=900.0)[1] < 0.5


def test_however_many_agree_they_prove_no_more_than_their_distance_supports() -> None:
    alone = float(wrong_side_probability(np.array([10.0]), np.array([100.0]))[0])

    assert certainties([10.0] * 200, radius=100.0).max() <= alone + 1e-12


def test_one_wrong_fix_among_good_ones_is_outvoted() -> None:
    assert certainties([-500.0, -500.0, 20_000.0, -500.0, -500.0]).max() < 0.5


def test_long_on_one_side_takes_no_longer_to_overturn() -> None:
    assert certainties([-500.0] * 500 + [5_000.0, 5_000.0])[-1] > 0.9
    assert certainties([5_000.0] * 500 + [-500.0, -500.0])[-1] < 0.2


def test_certainty_fades_while_nothing_is_heard() -> None:
    soon = certainties([5_000.0, 5_000.0, 1.0], minutes=[0, 10, 20])
    late = certainties([5_000.0, 5_000.0, 1.0], minutes=[0, 10, 3_000])

    assert late[2] < soon[2]


def test_a_missing_accuracy_gets_the_floor_of_its_source() -> None:
    accuracy = np.array([np.nan, np.nan, 2.0, 40.0])

    assert radius_m(accuracy, np.array([GPS, CELL, GPS, GPS]), RULE).tolist() == [30.0, 2000.0, 5.0, 40.0]


def test_a_distance_of_enough_radii_says_all_there_is_to_say() -> None:
    assert wrong_side_probability(np.array([-ENOUGH_RADII * 20.0]), np.array([20.0]))[0] == pytest.approx(DOUBT)


@given(
    st.lists(st.tuples(st.floats(-5_000, 5_000), st.floats(0, 120), st.floats(3, 3_000)), min_size=1, max_size=40),
    st.integers(0, 40),
)
def test_the_same_fixes_in_any_batches_give_the_same_bits(fixes: list[tuple[float, float, float]], cut: int) -> None:
    probability = wrong_side_probability(np.array([d for d, _, _ in fixes]), np.array([r for _, _, r in fixes]))
    fix_us = (np.cumsum([gap for _, gap, _ in fixes]) * MINUTE_US).astype(np.int64)
    block = BLOCK_US[np.full(len(fixes), GPS)]
    whole = follow(fresh(1), np.array([0]), np.array([len(fixes)]), probability, fix_us, block, RULE)

    belief, parts = fresh(1), []
    for part in (slice(0, cut), slice(cut, None)):
        if len(fix_us[part]):
            n = np.array([len(fix_us[part])])
            parts.append(follow(belief, np.array([0]), n, probability[part], fix_us[part], block[part], RULE))

    assert np.concatenate(parts).tobytes() == whole.tobytes()
    assert ((whole > 0) & (whole < 1)).all()


def test_pairs_do_not_touch_each_other() -> None:
    lengths = [3, 7, 1]
    distance = np.array([5_000.0, -50.0, 30.0, *[700.0] * 7, -10.0])
    probability = wrong_side_probability(distance, np.full(11, 25.0))
    fix_us = np.concatenate([np.arange(n) for n in lengths]) * 9 * MINUTE_US
    block = BLOCK_US[np.full(11, GPS)]

    together = follow(fresh(3), np.array([0, 3, 10]), np.array(lengths), probability, fix_us, block, RULE)

    alone = [
        follow(fresh(1), np.array([0]), np.array([n]), probability[f : f + n], fix_us[f : f + n], block[f : f + n], RULE)
        for f, n in ((0, 3), (3, 7), (10, 1))
    ]
    assert np.concatenate(alone).tobytes() == together.tobytes()
