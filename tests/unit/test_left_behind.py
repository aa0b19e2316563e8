"""Phones left behind: what is unusual for a subject by her own habits, and what is ordinary life."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corrections.domain.left_behind import (
    FROZEN,
    LOOK_BACK_DAYS,
    SAME_MINUTE,
    STILL,
    LeftBehindRule,
    first_day,
    left_behind,
    touched,
)
from corrections.domain.model import FOREVER_US, from_us
from corrections.domain.patterns import MINUTE_US, Pattern, Track
from tests.unit.lives import ALWAYS, START, TZ, at, life, track

RULE = LeftBehindRule()
INTERVAL_S = 1200


def found(fixes: Track, interval_s: int = INTERVAL_S, since_us: int = -FOREVER_US) -> list[Pattern]:
    return left_behind(fixes, ALWAYS, TZ, RULE, interval_s, since_us)


def test_a_phone_that_lies_at_home_while_its_owner_used_to_go_out_is_found_on_the_second_day() -> None:
    (pattern,) = found(track(life(21, at_home=set(range(14, 21)))))

    assert pattern.signs == (STILL,)
    assert pattern.episode.started_us == at(14, 7)  # the first fix of the waking hours of the first still day
    assert pattern.episode.opened_us == at(15, 22)  # when the second was over
    assert pattern.episode.ended_us is None
    assert pattern.figures["still_days"] == 7


def test_it_ends_when_the_phone_is_seen_to_leave() -> None:
    (pattern,) = found(track(life(20, at_home={14, 15, 16})))

    assert pattern.episode.ended_us == at(17, 9)
    assert pattern.episode.last_us < at(17)


def test_it_ends_while_the_day_still_goes_on() -> None:
    fixes = [fix for fix in life(20, at_home={14, 15, 16}) if fix[0] < at(17, 11)]

    (pattern,) = found(track(fixes))

    assert pattern.episode.ended_us == at(17, 9)


def test_a_single_day_at_home_is_nothing() -> None:
    assert found(track(life(21, at_home={14, 20}))) == []


def test_one_who_often_stays_at_home_may_stay_there() -> None:
    weekends = {day for day in range(28) if day % 7 >= 5}

    assert found(track(life(28, at_home=weekends))) == []


def test_one_who_never_goes_out_is_never_found() -> None:
    assert found(track(life(28, at_home=set(range(28))))) == []


def test_few_days_are_no_habit() -> None:
    assert found(track(life(14, at_home=set(range(9, 14))))) == []


def test_a_day_that_is_hardly_covered_says_nothing() -> None:
    sparse = [fix for fix in life(21, at_home=set(range(14, 21))) if fix[0] < at(14) or _hour(fix[0]) in range(7, 12)]

    assert found(track(sparse)) == []


@pytest.mark.parametrize("times", [1, 2])
def test_wrong_fixes_at_one_spot_are_no_journey(times: int) -> None:
    fixes = life(17, at_home={14, 15, 16})
    wrong = {at(15, 10 + k * INTERVAL_S / 3600) for k in range(times)}
    spoiled = [(us, 5_000.0, 0.0) if us in wrong else (us, e, n) for us, e, n in fixes]

    (pattern,) = found(track(spoiled))

    assert pattern.figures["still_days"] == 3


def test_a_walk_seen_at_two_places_is_a_journey() -> None:
    fixes = life(17, at_home={14, 15, 16})
    way = {at(15, 10): 600.0, at(15, 10 + INTERVAL_S / 3600): 900.0}
    walked = [(us, way.get(us, e), n) for us, e, n in fixes]

    assert found(track(walked)) == []


def test_a_phone_that_lies_elsewhere_each_day_is_carried() -> None:
    """Still in the waking hours of two days, but not at one place: somebody took it there."""
    fixes = [(us, e + (4_000.0 if us >= at(15, 1) else 0.0), n) for us, e, n in life(16, at_home={14, 15})]

    assert found(track(fixes)) == []


def test_fixes_that_repeat_to_the_digit_for_hours_are_a_sign() -> None:
    frozen = [(us, 0.0, 0.0) if us >= at(14) and 9 <= _hour(us) < 19 else (us, e, n) for us, e, n in life(16)]

    (pattern,) = found(track(frozen))

    assert FROZEN in pattern.signs
    assert pattern.figures["frozen_h"] >= RULE.frozen_h


def test_a_phone_whose_fixes_always_repeat_is_such_a_phone() -> None:
    frozen = [(us, 3_000.0 if 9 <= _hour(us) < 17 else 0.0, 0.0) for us, _, _ in life(21)]

    assert found(track(frozen)) == []


def _hour(us: int) -> int:
    return from_us(us).astimezone(TZ).hour


# ---- check-ins


def check_ins(days: int, spread_min: float, hour: float = 0.05, seed: int = 3) -> Track:
    rng = np.random.default_rng(seed)
    return track([(at(day, hour) + round(float(rng.normal(0, spread_min)) * MINUTE_US), 0.0, 0.0) for day in range(days)])


def test_a_check_just_after_midnight_day_after_day_is_a_sign() -> None:
    (pattern,) = found(check_ins(30, 1.0, hour=0.2), interval_s=21_600)

    assert pattern.signs == (SAME_MINUTE,)
    assert pattern.figures["same_minute_days"] >= RULE.check_ins


def test_checks_within_the_same_hour_are_a_habit() -> None:
    assert found(check_ins(30, 20.0, hour=8.0), interval_s=21_600) == []


def test_a_device_whose_interval_gives_as_many_reports_follows_its_schedule() -> None:
    assert found(check_ins(30, 0.1, hour=8.0), interval_s=86_400) == []


def test_a_phone_that_reports_every_ten_minutes_to_the_second_follows_its_schedule() -> None:
    assert found(track(life(24, interval_min=10)), interval_s=600) == []


def test_one_who_gives_up_the_habit_ends_it() -> None:
    rng = np.random.default_rng(5)
    late = [(at(day, float(rng.uniform(7, 20))), 0.0, 0.0) for day in range(24, 44)]
    fixes = [(at(day, 0.2) + round(float(rng.normal(0, 1)) * MINUTE_US), 0.0, 0.0) for day in range(24)]

    (pattern,) = found(track(fixes + late), interval_s=21_600)

    assert pattern.episode.ended_us is not None
    assert pattern.episode.ended_us < at(40)


# ---- what a stretch needs


@given(st.sets(st.integers(14, 27), max_size=10), st.integers(20, 27), st.integers(0, 5))
def test_a_look_from_any_day_on_finds_what_a_look_at_everything_finds(home: set[int], day: int, seed: int) -> None:
    whole = track(life(28, at_home=home, interval_min=60, seed=seed))
    since = at(day)
    everything = [p for p in found(whole) if p.episode.opened_us >= at(day, 22) and p.episode.started_us >= since]

    back = found(whole.between(at(day - LOOK_BACK_DAYS), FOREVER_US), since_us=since)

    assert [p for p in back if p.episode.started_us >= since] == everything


def test_a_day_is_told_when_the_first_fix_after_it_comes_and_not_again() -> None:
    fixes = track(life(2))
    day = START.date()

    def asks(since_us: int, previous_us: int, latest_us: int) -> bool:
        first = first_day(previous_us, since_us, TZ, RULE)
        return touched(fixes.between(at(0), latest_us + 1), TZ, RULE, since_us, first)

    assert first_day(at(0, 21), at(1, 6), TZ, RULE) == day  # nothing came in between: yesterday was not known to be over
    assert not asks(at(0, 12), at(0, 11), at(0, 12))
    assert asks(at(0, 22), at(0, 21), at(0, 22))
    assert not asks(at(0, 23), at(0, 22), at(0, 23))
    assert asks(at(0, 12), at(0, 11), at(0, 23))
    assert not asks(at(1, 6), at(0, 23), at(1, 6))
