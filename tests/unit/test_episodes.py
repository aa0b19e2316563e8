"""Findings become episodes, and episodes are matched with what was known before."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corrections.domain.episodes import COURSE, Known, Watch, Watched, reconcile, watch, watch_mock
from corrections.domain.model import FOREVER_US, Episode, Fix, Rule

MINUTE = 60_000_000


def seen(
    minute: float,
    certainty: float,
    distance_m: float = 100.0,
    *,
    binds: bool = True,
    window: tuple[int, int] = (0, FOREVER_US),
    doubt: float = 0.0,
    leave_until: float = 0.0,
) -> Watched:
    fix = Fix(round(minute * MINUTE), 0, 41.5, 122.7, 20.0, distance_m, certainty, doubt)
    return Watched(fix, binds, *window, round(leave_until * MINUTE))


def watched(fixes: Sequence[Watched]) -> list[Episode]:
    return watch(Watch(), Rule.BOUNDARY, 5, 7, fixes, 0.9, 0.2)


def test_an_episode_begins_with_the_run_that_led_up_to_it() -> None:
    (episode,) = watched([seen(0, 0.01, -50), seen(10, 0.4), seen(20, 0.7), seen(30, 0.95)])

    assert (episode.started_us, episode.opened_us, episode.ended_us) == (10 * MINUTE, 30 * MINUTE, None)
    assert (episode.zone_id, episode.zone_version_id, episode.fixes) == (5, 7, 3)


def test_a_run_is_broken_by_a_fix_on_the_right_side() -> None:
    (episode,) = watched([seen(0, 0.5), seen(10, 0.5, -5), seen(20, 0.7), seen(30, 0.95)])

    assert episode.started_us == 20 * MINUTE


def test_between_the_thresholds_an_episode_goes_on() -> None:
    (episode,) = watched([seen(0, 0.95), seen(10, 0.5), seen(20, 0.3), seen(30, 0.95)])

    assert episode.ended_us is None
    assert episode.fixes == 4


def test_it_ends_at_the_fix_that_shows_it() -> None:
    (episode,) = watched([seen(0, 0.95), seen(10, 0.1, -50)])

    assert episode.ended_us == 10 * MINUTE


def test_it_ends_with_its_window_whenever_the_next_fix_comes() -> None:
    window = (0, 15 * MINUTE)

    (episode,) = watched([seen(0, 0.95, window=window), seen(60, 0.99, window=(45 * MINUTE, 90 * MINUTE), distance_m=-1)])

    assert episode.ended_us == 15 * MINUTE


def test_the_next_window_is_another_episode() -> None:
    one, two = (0, 15 * MINUTE), (30 * MINUTE, 90 * MINUTE)

    first, second = watched([seen(0, 0.95, window=one), seen(40, 0.99, window=two)])

    assert (first.window_us, second.window_us) == (0, 30 * MINUTE)
    assert second.started_us == 40 * MINUTE


def test_leave_ends_it() -> None:
    (episode,) = watched([seen(0, 0.95), seen(10, 0.99, binds=False), seen(20, 0.99, binds=False)])

    assert episode.ended_us == 10 * MINUTE


def test_its_evidence_holds_the_first_the_opening_the_deepest_and_the_last() -> None:
    fixes = [
        seen(0, 0.3, 10),
        seen(1, 0.4, 20),
        seen(2, 0.5, 30),
        seen(3, 0.6, 40),
        seen(4, 0.95, 50),
        seen(5, 0.99, 900),
        seen(6, 0.99, 60),
    ]

    (episode,) = watched(fixes)

    assert [fix.fix_us // MINUTE for fix in episode.evidence] == [0, 1, 2, 4, 5, 6]
    assert (episode.peak_distance_m, episode.peak_certainty) == (900, 0.99)


def test_a_fix_that_is_probably_wrong_says_nothing_of_how_deep_she_was() -> None:
    (episode,) = watched([seen(0, 0.95, 100), seen(10, 0.95, 22_000, doubt=0.8), seen(20, 0.95, 150)])

    assert episode.peak_distance_m == 150


def test_what_speaks_against_it_is_counted() -> None:
    (episode,) = watched([seen(0, 0.95, 100), seen(10, 0.8, -5), seen(20, 0.8, 15), seen(30, 0.9, 9_000, doubt=0.9)])

    assert (episode.against.right_side, episode.against.coarse, episode.against.doubtful) == (1, 1, 1)


def test_its_course_over_time_is_kept_thinned_when_it_is_long() -> None:
    (episode,) = watched([seen(minute, 0.95, 100 + minute) for minute in range(1000)])

    assert len(episode.course) <= COURSE
    assert [at // MINUTE for at, _, _ in episode.course] == list(range(0, 1000, episode.thinned))


def test_who_is_still_away_when_a_leave_is_over_is_overdue() -> None:
    (episode,) = watched([seen(0, 0.99, binds=False, leave_until=15), seen(10, 0.99, binds=False, leave_until=15), seen(20, 0.99)])

    assert (episode.rule, episode.started_us) == (Rule.OVERDUE_RETURN, 20 * MINUTE)


def test_who_came_back_from_leave_and_goes_again_is_outside_and_not_overdue() -> None:
    (episode,) = watched([seen(0, 0.99, binds=False, leave_until=15), seen(10, 0.01, -50, binds=False, leave_until=15), seen(20, 0.99)])

    assert episode.rule is Rule.BOUNDARY


@given(st.lists(st.tuples(st.floats(0.01, 0.99), st.floats(-500, 500), st.booleans()), max_size=40), st.integers(0, 40))
def test_taken_in_two_parts_it_is_the_same(told: list[tuple[float, float, bool]], cut: int) -> None:
    fixes = [seen(i, certainty, distance, binds=binds) for i, (certainty, distance, binds) in enumerate(told)]
    whole = watched(fixes)

    memory = Watch()
    parts = watch(memory, Rule.BOUNDARY, 5, 7, fixes[:cut], 0.9, 0.2)
    for episode in watch(memory, Rule.BOUNDARY, 5, 7, fixes[cut:], 0.9, 0.2):
        if not any(episode is known for known in parts):
            parts.append(episode)

    assert parts == whole


def test_a_mocked_spell_is_over_after_an_hour_without() -> None:
    fixes = [(seen(minute, 1.0).fix, mocked) for minute, mocked in ((0, True), (10, True), (50, False), (80, False), (90, True))]

    episodes, current = watch_mock(None, fixes, FOREVER_US)

    assert [(e.started_us // MINUTE, e.ended_us and e.ended_us // MINUTE, e.fixes) for e in episodes] == [(0, 70, 2), (90, None, 1)]
    assert current is episodes[1]


def episode_of(start: int, end: int | None, zone: int = 1, rule: Rule = Rule.BOUNDARY) -> Episode:
    return Episode(rule, zone, 1, start, start, end, end or start, 0, FOREVER_US, 1.0, 1.0, 1)


def known(key: int, start: int, end: int | None, zone: int = 1) -> Known:
    return Known(key, Rule.BOUNDARY, zone, start, end)


def test_an_episode_with_the_same_beginning_is_the_same_violation() -> None:
    changes = reconcile([known(1, 10, 20), known(2, 30, None)], [episode_of(30, 50), episode_of(10, 20)])

    assert sorted(k.key for k, _ in changes.same) == [1, 2]
    assert (changes.new, changes.gone) == ([], [])


def test_an_episode_whose_beginning_moved_is_the_one_it_overlaps_most() -> None:
    changes = reconcile([known(1, 0, 11), known(2, 12, 40)], [episode_of(10, 35)])

    assert [k.key for k, _ in changes.same] == [2]
    assert [k.key for k in changes.gone] == [1]


def test_what_touches_nothing_is_new_and_what_nothing_touches_is_gone() -> None:
    changes = reconcile([known(1, 0, 5)], [episode_of(10, 20)])

    assert changes.new == [episode_of(10, 20)]
    assert [k.key for k in changes.gone] == [1]


@pytest.mark.parametrize("other", [{"zone": 2}, {"rule": Rule.MOCK_LOCATION}])
def test_another_zone_or_rule_is_another_matter(other: dict[str, object]) -> None:
    changes = reconcile([known(1, 0, 20)], [episode_of(0, 20, **other)])  # type: ignore[arg-type]

    assert changes.same == []


spans = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20), st.integers(1, 2)), max_size=8, unique_by=lambda s: (s[0], s[2]))


@given(spans, spans)
def test_everything_is_accounted_for_once(before: list[tuple[int, int, int]], after: list[tuple[int, int, int]]) -> None:
    stored = [known(i, start, start + length, zone) for i, (start, length, zone) in enumerate(before)]
    derived = [episode_of(start, start + length, zone) for start, length, zone in after]

    changes = reconcile(stored, derived)

    assert sorted([k.key for k, _ in changes.same] + [k.key for k in changes.gone]) == list(range(len(stored)))
    assert len(changes.same) + len(changes.new) == len(derived)
    assert all(k.zone_id == e.zone_id for k, e in changes.same)
