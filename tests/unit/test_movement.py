"""Movement that no vehicle allows, and that no phone measures; and what only looks like it."""

from __future__ import annotations

import numpy as np
import pytest

from corrections.domain.model import Source
from corrections.domain.movement import QUIET_US, STANDING_SPEED, TOO_FAST, TOO_REGULAR, MovementRule, implausible
from corrections.domain.patterns import MINUTE_US, Pattern, Track
from tests.unit.lives import ALWAYS, at, track

RULE = MovementRule()
FAR_M = 60_000.0


def found(fixes: Track) -> list[Pattern]:
    return implausible(fixes, ALWAYS, RULE)


def stay(from_us: int, east_m: float, count: int, step_min: float = 5.0, seed: int = 1) -> list[tuple[int, float, float]]:
    rng = np.random.default_rng(seed)
    return [(from_us + round(i * step_min * MINUTE_US), east_m + rng.normal(0, 10), rng.normal(0, 10)) for i in range(count)]


def test_two_places_that_are_borne_out_and_too_far_apart_are_found() -> None:
    (pattern,) = found(track(stay(at(0, 8), 0.0, 12) + stay(at(0, 9), FAR_M, 12)))

    assert pattern.signs == (TOO_FAST,)
    assert pattern.figures["distance_m"] == pytest.approx(FAR_M, rel=0.01)
    assert pattern.figures["speed_mps"] > RULE.fastest_mps
    assert pattern.episode.peak_certainty >= RULE.certainty


def test_two_phones_with_one_credential_are_found() -> None:
    here, there = stay(at(0, 8), 0.0, 24), stay(at(0, 8) + 2 * MINUTE_US, FAR_M, 24, seed=2)

    (pattern,) = found(track(here + there))

    assert pattern.figures["moments"] > 20
    assert pattern.episode.ended_us is None


@pytest.mark.parametrize("times", [1, 2])
def test_a_wrong_fix_is_nothing_even_when_it_comes_again(times: int) -> None:
    wrong = stay(at(0, 9) + MINUTE_US, FAR_M, times)

    assert found(track(stay(at(0, 8), 0.0, 24) + wrong)) == []


def test_a_cached_position_that_is_given_up_late_is_nothing() -> None:
    """The phone left by car at nine, and went on telling where it had been."""
    cached = [(at(0, 9) + i * 5 * MINUTE_US, 0.0, 0.0) for i in range(12)]

    assert found(track(stay(at(0, 8), 0.0, 12) + cached + stay(at(0, 10), FAR_M, 12))) == []


def test_a_train_and_a_flight_are_allowed() -> None:
    train = stay(at(0, 8), 0.0, 12) + stay(at(0, 8 + 11 / 12 + 0.2), FAR_M, 12)  # 12 minutes at 300 km/h
    flight = stay(at(1, 8), 0.0, 12) + stay(at(1, 11), 1_500_000.0, 12)

    assert found(track(train)) == []
    assert found(track(flight)) == []


def test_vague_fixes_bear_nothing_out() -> None:
    fixes = stay(at(0, 8), 0.0, 12) + stay(at(0, 9), FAR_M, 12)

    assert found(track(fixes, accuracy_m=500.0)) == []
    assert found(track(fixes, source=Source.CELL)) == []


def test_steps_that_are_equal_to_the_decimetre_are_found() -> None:
    line = [(at(0, 8) + i * MINUTE_US, i * 400.0, i * 300.0) for i in range(20)]

    (pattern,) = found(track(line))

    assert pattern.signs == (TOO_REGULAR,)


def test_a_drive_along_a_straight_road_is_none_of_them() -> None:
    rng = np.random.default_rng(4)
    road = [(at(0, 8) + i * MINUTE_US, i * 400.0 + rng.normal(0, 4), rng.normal(0, 4)) for i in range(60)]

    assert found(track(road)) == []


def test_a_tunnel_of_a_minute_is_none_of_them() -> None:
    tunnel = [(at(0, 8) + i * 5_000_000, i * 100.0, 0.0) for i in range(13)]

    assert found(track(tunnel)) == []


def test_speed_zero_and_one_radius_while_moving_are_found_where_the_phone_measures_speed() -> None:
    rng = np.random.default_rng(4)
    road = [(at(0, 8) + i * MINUTE_US, i * 400.0 + rng.normal(0, 4), rng.normal(0, 4)) for i in range(60)]
    measured = [8.0] * 40 + [0.0] * 20

    (pattern,) = found(track(road, speed_mps=measured))

    assert pattern.signs == (STANDING_SPEED,)
    assert found(track(road, speed_mps=0.0)) == []  # this client never measures it
    assert found(track(road, speed_mps=measured, accuracy_m=[5.0 + i % 2 for i in range(60)])) == []


def test_an_episode_ends_when_it_has_been_quiet() -> None:
    jump = stay(at(0, 8), 0.0, 12) + stay(at(0, 9), FAR_M, 12)

    (pattern,) = found(track([*jump, (at(0, 9) + 55 * MINUTE_US + QUIET_US, FAR_M, 0.0)]))

    assert pattern.episode.ended_us == pattern.episode.last_us + QUIET_US
