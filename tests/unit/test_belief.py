"""Where a subject is believed to be, fix by fix, and how sure that makes us of the wrong side of an edge."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corrections.domain.belief import (
    ENOUGH_RADII,
    FIRST,
    PLACES,
    Belief,
    BeliefRule,
    Fixes,
    follow,
    likely_source,
    radius_m,
    wrong_side_probability,
)
from corrections.domain.model import SOURCES, Floats, Source

RULE = BeliefRule()
UNKNOWN, GPS, WIFI, CELL = (SOURCES.index(source) for source in (Source.UNKNOWN, Source.SATELLITE, Source.WIFI, Source.CELL))
MINUTE_US = 60_000_000
DEGREE_M = 111_200.0
HOME = [(0.0, i * 7.0 % 11) for i in range(6)]  # an hour at rest, metres east and north


def fixes_at(
    places: list[tuple[float, float]], minutes: list[float] | None = None, radius: float | list[float] = 20.0, source: int | list[int] = GPS
) -> Fixes:
    """Fixes of one subject, metres east and north of the equator's origin, ten minutes apart unless said otherwise."""
    n = len(places)
    at = np.array([i * 10.0 for i in range(n)] if minutes is None else minutes, dtype=np.float64)
    claimed = np.broadcast_to(np.asarray(radius, dtype=np.float64), n).copy()
    sources = np.broadcast_to(np.asarray(source, dtype=np.int64), n).copy()
    return Fixes(
        first=np.array([0]),
        count=np.array([n]),
        lat=np.array([y / DEGREE_M for _, y in places]),
        lon=np.array([x / DEGREE_M for x, _ in places]),
        radius_m=radius_m(claimed, sources, RULE),
        claimed_m=claimed,
        fix_us=(at * MINUTE_US).astype(np.int64),
        source=sources,
    )


def beyond(edge_m: float, fixes: Fixes) -> Floats:
    """After each fix: how sure it is that the subject is east of a line ``edge_m`` east of the origin."""
    followed = follow(Belief.none(1), fixes)
    alone = wrong_side_probability(fixes.lon * DEGREE_M - edge_m, fixes.radius_m)
    of_place = np.concatenate([np.zeros(PLACES), alone])
    return (followed.probability * of_place[followed.place]).sum(axis=0)


def test_on_the_edge_nothing_is_known() -> None:
    assert wrong_side_probability(np.array([0.0]), np.array([20.0]))[0] == 0.5


@pytest.mark.parametrize(("radii", "share_beyond"), [(1.09, 0.10), (2.16, 0.05), (5.22, 0.01)])
def test_the_tail_is_at_least_as_heavy_as_that_of_real_phones(radii: float, share_beyond: float) -> None:
    """Beyond a straight edge lies less than half of what lies beyond a circle of the same distance; real fixes lay beyond the circle."""
    wrong = 1 - wrong_side_probability(np.array([radii]), np.array([1.0]))[0]

    assert share_beyond / 8 <= wrong <= share_beyond


def test_a_jump_without_a_journey_is_not_believed_at_once() -> None:
    assert beyond(1_000, fixes_at([*HOME, (9_000.0, 0.0)]))[-1] < 0.5


def test_a_jump_that_comes_back_to_the_very_spot_was_a_wrong_fix() -> None:
    assert beyond(1_000, fixes_at([*HOME, (9_000.0, 0.0), (0.0, 5.0)])).max() < 0.5


def test_the_very_first_fix_never_decides_and_a_second_that_agrees_does() -> None:
    certainty = beyond(1_000, fixes_at([(9_000.0, 0.0), (9_004.0, 3.0)]))

    assert certainty[0] <= 0.5
    assert certainty[1] > 0.95


def test_a_copy_of_a_jump_is_believed_less_than_another_fix_near_it() -> None:
    copy = beyond(1_000, fixes_at([*HOME, (6_000.0, 0.0), (6_003.0, 2.0)], radius=100.0))[-1]
    another = beyond(1_000, fixes_at([*HOME, (6_000.0, 0.0), (6_030.0, 20.0)], radius=100.0))[-1]

    assert copy < another


def test_a_third_fix_settles_it() -> None:
    assert beyond(1_000, fixes_at([*HOME, (6_000.0, 0.0), (6_006.0, 4.0), (5_995.0, 6.0)]))[-1] > 0.95


def test_a_journey_that_is_seen_on_its_way_is_believed_at_once() -> None:
    on_the_way = [(800.0, 0.0), (2_200.0, 100.0), (3_900.0, 0.0)]

    assert beyond(3_000, fixes_at([*HOME, *on_the_way]))[-1] > 0.9


def test_fixes_ten_seconds_apart_prove_far_less_than_fixes_ten_minutes_apart() -> None:
    far = [(2_000.0, 0.0), (2_002.0, 1.0), (1_999.0, 2.0)]

    seconds = beyond(1_000, fixes_at([*HOME, *far], [*range(0, 60, 10), 60.0, 60.0 + 1 / 6, 60.0 + 2 / 6]))
    minutes = beyond(1_000, fixes_at([*HOME, *far]))

    odds = [certainty[-3:] / (1 - certainty[-3:]) for certainty in (seconds, minutes)]
    assert odds[0][2] / odds[0][0] < 4
    assert odds[1][2] / odds[1][0] > 40


def test_a_phone_that_hangs_on_one_mast_repeats_its_error_and_proves_nothing_by_it() -> None:
    masts = [(1_600.0, 200.0), (1_500.0, 150.0), (1_650.0, 260.0), (1_580.0, 190.0)]

    certainty = beyond(600, fixes_at([*HOME, *masts], radius=[20.0] * 6 + [1_200.0] * 4, source=[GPS] * 6 + [CELL] * 4))

    assert certainty.max() < 0.5


def test_a_cell_fix_that_claims_twenty_metres_is_doubted_more() -> None:
    places = [*HOME, (5_000.0, 0.0)]

    cell = beyond(1_000, fixes_at(places, source=[GPS] * 6 + [CELL]))[-1]
    wifi = beyond(1_000, fixes_at(places, source=[GPS] * 6 + [WIFI]))[-1]

    assert cell < wifi


def test_however_many_agree_near_the_edge_one_cannot_tell() -> None:
    near = [(10.0 + 17 * i % 31, 13.0 * i % 29) for i in range(60)]

    assert beyond(5, fixes_at(near, radius=100.0)).max() < 0.75


def test_long_on_one_side_takes_no_longer_to_overturn() -> None:
    days = [(0.0, i * 7.0 % 11) for i in range(400)]
    way = [(900.0, 0.0), (2_400.0, 0.0), (3_600.0, 50.0), (3_620.0, 90.0)]

    assert beyond(2_000, fixes_at([*days, *way]))[-1] > 0.95


def test_after_days_of_silence_she_may_be_anywhere() -> None:
    far = [(600_000.0, 0.0), (600_040.0, 60.0)]
    minutes = [*range(0, 60, 10), 4 * 1440.0, 4 * 1440.0 + 10]

    assert beyond(1_000, fixes_at([*HOME, *far], minutes))[-1] > 0.95


def test_a_missing_accuracy_gets_the_floor_of_its_source() -> None:
    accuracy = np.array([np.nan, np.nan, 2.0, 40.0])

    assert radius_m(accuracy, np.array([GPS, CELL, GPS, GPS]), RULE).tolist() == [30.0, 2000.0, 5.0, 40.0]


def test_a_coarse_claim_without_a_source_is_a_cell_fix_and_taken_for_worse_than_it_says() -> None:
    accuracy, unknown = np.array([1_400.0, 900.0, np.nan]), np.array([UNKNOWN] * 3)

    assert likely_source(accuracy, unknown).tolist() == [CELL, UNKNOWN, UNKNOWN]
    assert radius_m(accuracy, unknown, RULE).tolist() == [5_600.0, 900.0, 100.0]


def test_a_copy_of_a_moment_later_proves_nothing() -> None:
    certainty = beyond(100, fixes_at([*HOME, (170.0, 0.0), (170.0, 0.0)], [*range(0, 60, 10), 60.0, 60.0 + 1 / 150], radius=23.0))

    assert certainty[-1] == pytest.approx(certainty[-2], abs=0.05)


def test_a_distance_of_enough_radii_says_all_there_is_to_say() -> None:
    assert wrong_side_probability(np.array([-ENOUGH_RADII * 20.0]), np.array([20.0]))[0] < 0.005


def test_fixes_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="order of time"):
        follow(Belief.none(1), fixes_at([(0.0, 0.0), (0.0, 0.0)], [10, 0]))


def test_fixes_before_what_is_remembered_are_refused() -> None:
    belief = Belief.none(1)
    follow(belief, fixes_at([(0.0, 0.0)], [10]))

    with pytest.raises(ValueError, match="order of time"):
        follow(belief, fixes_at([(0.0, 0.0)], [0]))


steps = st.lists(
    st.tuples(
        st.floats(-50_000, 50_000), st.floats(-50_000, 50_000), st.floats(0, 3_000), st.floats(3, 3_000), st.sampled_from([GPS, WIFI, CELL])
    ),
    min_size=1,
    max_size=30,
)  # fmt: skip


def columns(found: list[tuple[float, float, float, float, int]]) -> Fixes:
    minutes = np.cumsum([gap for _, _, gap, _, _ in found]).tolist()
    return fixes_at([(x, y) for x, y, *_ in found], minutes, [r for *_, r, _ in found], [s for *_, s in found])


@given(steps)
def test_it_is_always_a_probability(found: list[tuple[float, float, float, float, int]]) -> None:
    with np.errstate(all="raise", under="ignore"):
        followed = follow(Belief.none(1), columns(found))

    assert np.allclose(followed.probability.sum(axis=0), [FIRST] + [1.0] * (len(found) - 1), atol=1e-9)
    assert ((followed.probability >= 0) & (followed.doubt >= 0) & (followed.doubt <= 1)).all()


@given(steps, st.integers(0, 30))
def test_the_same_fixes_in_any_batches_give_the_same_bits(found: list[tuple[float, float, float, float, int]], cut: int) -> None:
    whole, belief = Belief.none(1), Belief.none(1)
    fixes = columns(found)
    follow(whole, fixes)

    for part in (slice(0, cut), slice(cut, None)):
        count = np.array([len(fixes.lat[part])])
        if count[0]:
            own = {name: getattr(fixes, name)[part] for name in ("lat", "lon", "radius_m", "claimed_m", "fix_us", "source")}
            follow(belief, Fixes(np.array([0]), count, **own))

    assert all(getattr(whole, f.name).tobytes() == getattr(belief, f.name).tobytes() for f in fields(Belief))


@given(st.lists(steps, min_size=2, max_size=4))
def test_subjects_do_not_touch_each_other(several: list[list[tuple[float, float, float, float, int]]]) -> None:
    alone = [Belief.none(1) for _ in several]
    parts = [columns(found) for found in several]
    for belief, part in zip(alone, parts, strict=True):
        follow(belief, part)

    count = np.array([len(part.lat) for part in parts])
    joined = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("lat", "lon", "radius_m", "claimed_m", "fix_us", "source")
    }
    together = Belief.none(len(parts))
    follow(together, Fixes(np.cumsum(count) - count, count, **joined))

    for i, belief in enumerate(alone):
        assert all(getattr(together, f.name)[..., i].tobytes() == getattr(belief, f.name)[..., 0].tobytes() for f in fields(Belief))
