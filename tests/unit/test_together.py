"""Whether two were together: a probability with a closed form, moments compared, minutes that must pass."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corrections.domain.model import FOREVER_US
from corrections.domain.patterns import MINUTE_US
from corrections.domain.together import Ban, Meeting, Party, TogetherRule, meetings, of_party, reach_us, within_probability
from tests.unit.lives import ALWAYS, at, track

RULE = TogetherRule()
BAN = Ban(id=7, from_us=0, until_us=FOREVER_US, distance_m=100.0, minutes=30.0)
INTERVAL_S = 600


def party(places: list[float], offset_min: float = 0.0, accuracy_m: float = 15.0, seed: int = 1, interval_s: int = INTERVAL_S) -> Party:
    """One who was at these metres east, a fix each interval from eight o'clock on."""
    rng = np.random.default_rng(seed)
    fixes = [
        (at(0, 8) + round((i * interval_s / 60 + offset_min) * MINUTE_US), east + rng.normal(0, 5), rng.normal(0, 5))
        for i, east in enumerate(places)
    ]
    return Party(track(fixes, accuracy_m), ALWAYS, interval_s)


def found(one: Party, two: Party, ban: Ban = BAN) -> list[Meeting]:
    return meetings(one, two, ban, RULE)


HERS = [0.0] * 6 + [2_000.0] * 12 + [0.0] * 6
HIS = [5_000.0] * 6 + [2_010.0] * 12 + [5_000.0] * 6


def test_two_who_met_for_two_hours_are_found_once() -> None:
    (meeting,) = found(party(HERS), party(HIS, offset_min=3, seed=2))

    assert at(0, 8.9) < meeting.started_us < at(0, 9.4)
    assert at(0, 10.6) < meeting.last_us < at(0, 11.1)
    assert meeting.opened_us - meeting.started_us >= 30 * MINUTE_US
    assert meeting.ended_us == meeting.last_us
    assert meeting.certainty > RULE.certainty


def test_a_meeting_shorter_than_the_order_says_is_none() -> None:
    assert found(party([0.0] * 6 + [2_000.0] * 2 + [0.0] * 6), party([5_000.0] * 6 + [2_010.0] * 2 + [5_000.0] * 6, seed=2)) == []


def test_neighbours_beyond_the_distance_are_not_together() -> None:
    assert found(party([0.0] * 40), party([160.0] * 40, seed=2)) == []


def test_vague_fixes_are_not_certain_enough() -> None:
    assert found(party([0.0] * 40, accuracy_m=150.0), party([40.0] * 40, accuracy_m=150.0, seed=2)) == []


def test_two_who_were_at_one_place_at_different_times_did_not_meet() -> None:
    assert found(party([0.0] * 12), party([5_000.0] * 14 + [0.0] * 12, seed=2)) == []


def test_no_order_no_matter() -> None:
    assert found(party(HERS), party(HIS, seed=2), Ban(7, at(1), FOREVER_US, 100.0, 30.0)) == []
    assert found(party(HERS), party(HIS, seed=2), Ban(7, 0, at(0, 9.2), 100.0, 30.0)) == []


def test_a_slower_device_is_compared_within_the_shorter_interval() -> None:
    slow = party([0.0] * 4 + [2_000.0] * 5 + [0.0] * 3, interval_s=1800)

    assert len(found(slow, party([5_000.0] * 12 + [2_010.0] * 15 + [5_000.0] * 9, seed=2))) == 1


def test_it_lasts_while_nothing_says_that_they_parted() -> None:
    (meeting,) = found(party(HERS[:18]), party(HIS[:18], seed=2))

    assert meeting.ended_us is None


def test_each_of_the_two_is_told_with_her_own_fixes() -> None:
    one, two = party(HERS), party(HIS, offset_min=3, seed=2)
    (meeting,) = found(one, two)

    hers, his = of_party(meeting, one, two, 2, BAN), of_party(meeting, two, one, 1, BAN)

    assert (hers.episode.other_id, his.episode.other_id) == (2, 1)
    assert (hers.episode.started_us, hers.episode.ended_us) == (his.episode.started_us, his.episode.ended_us)
    assert {fix.fix_us for fix in hers.episode.evidence} <= set(one.track.fix_us.tolist())
    assert {fix.fix_us for fix in his.episode.evidence} <= set(two.track.fix_us.tolist())
    assert 0 <= hers.figures["closest_m"] < 60
    assert hers.episode.peak_distance_m == pytest.approx(100 - hers.figures["closest_m"])


@given(st.floats(0, 400), st.floats(10, 300), st.floats(2, 120))
def test_the_probability_is_that_of_the_heavy_tailed_error(apart_m: float, limit_m: float, scale_m: float) -> None:
    rng = np.random.default_rng(1)
    normal, chi = rng.normal(size=(20_000, 2)), rng.chisquare(2, 20_000)
    error = normal * scale_m / np.sqrt(chi / 2)[:, None]
    drawn = float((np.hypot(error[:, 0] + apart_m, error[:, 1]) < limit_m).mean())

    assert float(within_probability(np.array([apart_m]), limit_m, np.array([scale_m]))[0]) == pytest.approx(drawn, abs=0.02)


@given(st.integers(0, 30), st.integers(0, 9))
def test_a_look_at_a_stretch_finds_what_a_look_at_everything_finds(hour_half: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    one = party(np.repeat(rng.choice([0.0, 2_000.0], 24), 4).tolist(), seed=seed)
    two = party(np.repeat(rng.choice([0.0, 2_000.0], 24), 4).tolist(), seed=seed + 50)
    since, reach = at(0, 8 + hour_half / 2), reach_us(INTERVAL_S, INTERVAL_S, BAN.minutes)
    parts = [Party(p.track.between(since - reach, FOREVER_US), p.lawful, p.interval_s) for p in (one, two)]

    whole = [(m.started_us, m.last_us, m.certainty) for m in found(one, two) if m.started_us >= since]
    part = [(m.started_us, m.last_us, m.certainty) for m in meetings(*parts, BAN, RULE, since) if m.started_us >= since]

    assert part == whole
