"""Real phones at rest where they sleep, and on and beside their haunts: what is raised against them, and what is found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from corrections.domain.geodesy import Plane
from scripts.measure import phones
from scripts.measure.peers import ALERTBENCH
from scripts.measure.real_phones import AWAY_US, LONG_AWAY_US, MINUTE_US, TRACKS, Phone, places, read_phones, stays, where_it_sleeps

needs_tracks = pytest.mark.skipif(not TRACKS.is_file(), reason=f"the recorded movements {TRACKS} are not beside the project")
needs_peers = pytest.mark.skipif(not ALERTBENCH.is_dir(), reason=f"{ALERTBENCH} is not beside the project")
MIDNIGHT_US = 1_501_038_000_000_000  # 2017-07-26T00:00 in São Paulo


def made(fixes: list[tuple[float, float, float]], accuracy: Callable[[int], float] = lambda i: 10.0) -> Phone:
    """A phone from (minutes after midnight, metres east, metres north)."""
    plane = Plane(-23.5, -46.6)
    us = np.array([MIDNIGHT_US + round(minute * MINUTE_US) for minute, _, _ in fixes], dtype=np.int64)
    x, y = (np.array([fix[i] for fix in fixes], dtype=np.float64) for i in (1, 2))
    lat, lon = plane.to_degrees(x, y)
    return Phone("made", us, us, lat, lon, np.array([accuracy(i) for i in range(len(fixes))]), plane, x, y)


def test_a_phone_that_errs_far_between_good_fixes_was_at_rest() -> None:
    fixes = [(5.0 * i, 3000.0 if i % 3 == 1 else 0.0, 0.0) for i in range(25)]

    (home,) = places(made(fixes, lambda i: 1000.0 if i % 3 == 1 else 10.0))

    assert len(home.stays) == 1
    assert home.total_us == 120 * MINUTE_US
    assert (abs(home.x), abs(home.y)) == pytest.approx((0.0, 0.0), abs=30)


def test_good_fixes_elsewhere_for_longer_than_allowed_end_a_stay() -> None:
    fixes = [(2.0 * i, 500.0 if 30 <= 2 * i <= 40 else 0.0, 0.0) for i in range(46)]
    phone = made(fixes)
    home = places(phone)[0]

    strict, loose = stays(phone, home, AWAY_US), stays(phone, home, LONG_AWAY_US)

    assert len(strict) == 2
    assert len(loose) == 1


def test_a_night_without_fixes_is_slept_where_good_ones_lie_before_and_after() -> None:
    evening = [(-150.0 + 2 * i, 0.0, 0.0) for i in range(60)]
    morning = [(420.0 + 2 * i, 0.0, 0.0) for i in range(30)]
    work = [(600.0 + 2 * i, 4000.0, 0.0) for i in range(200)]
    phone = made(evening + morning + work)

    home = where_it_sleeps(places(phone))

    assert home is not None
    assert home.x == pytest.approx(0.0, abs=30)
    assert len(home.stays) == 1


def test_an_incident_is_false_only_when_it_began_and_was_decided_at_rest() -> None:
    phone = made([(2.0 * i, 0.0, 0.0) for i in range(91)])
    asked = [question for question in phones.questions(phone) if question.zone == "home-100"]
    incidents = [
        {"zone": "made/home-100", "started_at": _at(60), "decided_at": _at(70), "ended_at": _at(80)},
        {"zone": "made/home-100", "started_at": _at(-30), "decided_at": _at(10), "ended_at": _at(20)},
        {"zone": "made/home-100", "started_at": _at(178), "decided_at": _at(200), "ended_at": None},
    ]

    answer = phones.answer(incidents, asked)

    assert answer.false == {"home-100": 1}
    assert answer.wrong_us["home-100"] == (20 + 15) * MINUTE_US


def _at(minute: float) -> str:
    return phones._stamp(MIDNIGHT_US + round(minute * MINUTE_US))


@needs_tracks
def test_the_errors_of_real_phones_at_rest_are_those_that_were_reported() -> None:
    n, every, good = phones.outside_shares(read_phones(), LONG_AWAY_US)

    assert n > 5_000
    assert every == pytest.approx(0.18, abs=0.02)
    assert good == pytest.approx(0.05, abs=0.02)


@needs_tracks
@needs_peers
@pytest.mark.parametrize(("preset", "found_at_least"), [("prompt", 0.75), ("calm", 0.7)])
def test_detection_raises_little_against_real_phones_at_rest_and_finds_their_visits(
    preset: str, found_at_least: float, tmp_path: Path
) -> None:
    every = read_phones()
    asked = [question for phone in every for question in phones.questions(phone)]
    phones.write_scenario(tmp_path, every, asked, 600)

    ours = phones.incidents(tmp_path, preset)

    told, peer = phones.answer(ours, asked), phones.answer(phones.incidents(tmp_path, "every-fix"), asked)
    assert told.false["beside"] == 0
    assert told.false["home-100"] <= 1
    assert told.false["home-500"] <= 2
    assert peer.false["home-100"] > 20
    had, delays = phones.visits(ours, every, asked, 600)
    assert had > 90
    assert len(delays) >= found_at_least * had
    assert np.median(delays) <= 10
