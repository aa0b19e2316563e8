"""Where somebody stayed, so far as the accuracy of the fixes tells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from corrections.records.stays import LEAST_STAY, Fix, stays

START = datetime(2026, 3, 2, tzinfo=UTC)
DEGREE_M = 111_195.0  # of latitude


def at(minutes: float, north_m: float = 0.0, accuracy_m: float | None = 20.0) -> Fix:
    return Fix(START + timedelta(minutes=minutes), 30.0 + north_m / DEGREE_M, 120.0, accuracy_m)


def test_a_quarter_of_an_hour_in_one_place_is_a_stay() -> None:
    (stay,) = stays([at(0), at(8, 40), at(16, -30)])

    assert (stay.start, stay.end) == (START, START + timedelta(minutes=16))
    assert abs(stay.lat - 30.0) * DEGREE_M < 10


def test_less_is_none_and_so_is_a_way() -> None:
    assert stays([at(0), at(10)]) == []
    assert stays([at(10 * i, 1_000 * i) for i in range(12)]) == []


def test_two_places_are_two_stays() -> None:
    found = stays([at(10 * i) for i in range(4)] + [at(40 + 10 * i, 5_000) for i in range(4)])

    assert [(stay.end - stay.start) / timedelta(minutes=1) for stay in found] == [30, 30]


def test_a_single_stray_fix_ends_no_stay() -> None:
    assert len(stays([at(0), at(10), at(20, 3_000), at(30), at(40)])) == 1


def test_a_fix_that_may_be_there_belongs_there() -> None:
    assert len(stays([at(0), at(10, 900, accuracy_m=1_000), at(20)])) == 1


def test_what_nobody_knows_between_is_no_stay() -> None:
    assert stays([at(0), at(10), at(10 + 121), at(10 + 125)]) == []


@given(st.lists(st.tuples(st.floats(0.5, 90), st.floats(-20_000, 20_000), st.floats(1, 2_000) | st.none()), max_size=60))
def test_stays_follow_each_other_within_what_was_measured(steps: list[tuple[float, float, float | None]]) -> None:
    minutes, fixes = 0.0, []
    for after, north, accuracy in steps:
        minutes += after
        fixes.append(at(minutes, north, accuracy))
    found = stays(fixes)

    assert all(stay.end - stay.start >= LEAST_STAY for stay in found)
    assert all(a.end <= b.start for a, b in pairwise(found))
    assert all(fixes[0].at <= stay.start and stay.end <= fixes[-1].at for stay in found)
