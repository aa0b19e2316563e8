"""Contact by received time: silence, and contact without a position."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corrections.domain.contact import Contacts, Ladder, Rung, Spell, Worry, battery_low, due_us, follow_contacts, follow_worry
from corrections.domain.model import Rule


def test_silence_is_due_after_the_threshold() -> None:
    assert due_us(10, 100, ()) == 110


def test_time_in_which_we_were_down_does_not_count() -> None:
    assert due_us(0, 100, ((50, 70),)) == 120
    assert due_us(0, 100, ((90, 200), (205, 210))) == 215
    assert due_us(60, 100, ((50, 70),)) == 170


def test_an_outage_after_it_is_due_changes_nothing() -> None:
    assert due_us(0, 100, ((100, 200),)) == 100


def test_a_gap_longer_than_the_threshold_is_a_spell() -> None:
    spells, memory = follow_contacts(Contacts(), [0, 50, 200], [True] * 3, 100, ())

    assert spells == [Spell(Rule.SILENCE, 50, 150, 200)]
    assert memory == Contacts(200, 200, False)


contacts = st.lists(st.tuples(st.integers(0, 300), st.booleans()), max_size=30)


@given(contacts, st.integers(0, 30))
def test_contacts_in_two_parts_come_to_the_same(told: list[tuple[int, bool]], cut: int) -> None:
    told = sorted(told)
    times, positioned = [t for t, _ in told], [p for _, p in told]
    whole, end = follow_contacts(Contacts(), times, positioned, 100, ((40, 60),))

    first, memory = follow_contacts(Contacts(), times[:cut], positioned[:cut], 100, ((40, 60),))
    second, last = follow_contacts(memory, times[cut:], positioned[cut:], 100, ((40, 60),))

    assert first + second == whole
    assert last == end


def test_a_contact_at_the_very_moment_it_was_due_is_late() -> None:
    spells, _ = follow_contacts(Contacts(), [0, 100], [True, True], 100, ())

    assert spells == [Spell(Rule.SILENCE, 0, 100, 100)]


LADDER = Ladder(officer_us=10, office_head_us=40, search_us=120)


@pytest.mark.parametrize(
    ("taken", "now", "steps", "after"),
    [
        (0, 999, [], 1_000),
        (0, 1_000, [Rung.SUBJECT], 1_010),
        (1, 1_009, [], 1_010),
        (1, 1_010, [Rung.OFFICER], 1_040),
        (2, 1_039, [], 1_040),
        (2, 1_040, [Rung.OFFICE_HEAD], 1_120),
        (3, 1_119, [], 1_120),
        (3, 1_120, [Rung.SEARCH], None),
        (4, 9_999, [], None),
        (0, 1_050, [Rung.SUBJECT, Rung.OFFICER, Rung.OFFICE_HEAD], 1_120),
    ],
)
def test_each_step_is_due_at_its_moment_and_taken_once(taken: int, now: int, steps: list[Rung], after: int | None) -> None:
    assert LADDER.climb(taken, 1_000, (), now) == (steps, after)


def test_excused_time_puts_the_steps_off() -> None:
    assert LADDER.climb(1, 1_000, ((1_005, 1_025),), 1_029) == ([], 1_030)
    assert LADDER.climb(2, 1_000, ((1_005, 1_025), (1_050, 1_060)), 1_070) == ([Rung.OFFICE_HEAD], 1_150)


def test_a_silence_reached_a_step_when_it_lasted_until_it() -> None:
    assert not LADDER.reached(Rung.OFFICER, Spell(Rule.SILENCE, 0, 1_000, 1_009), ())
    assert LADDER.reached(Rung.OFFICER, Spell(Rule.SILENCE, 0, 1_000, 1_010), ())
    assert not LADDER.reached(Rung.OFFICER, Spell(Rule.SILENCE, 0, 1_000, 1_010), ((1_005, 1_006),))


@pytest.mark.parametrize(
    ("pct", "charging", "low"),
    [
        (14.9, None, True), (14.9, False, True), (14.9, True, False), (15.0, False, None), (24.9, False, None), (25.0, False, False),
        (None, None, None), (None, False, None), (None, True, False),
    ],
)  # fmt: skip
def test_a_battery_is_low_until_it_is_well_again(pct: float | None, charging: bool | None, low: bool | None) -> None:
    assert battery_low(pct, charging, 15.0, 25.0) is low


def test_a_worry_is_a_matter_when_a_contact_shows_that_it_lasts() -> None:
    spells, memory = follow_worry(Rule.LOW_BATTERY, Worry(), [0, 50, 99, 120, 130], [None, True, None, True, None], 60, ())

    assert spells == [Spell(Rule.LOW_BATTERY, 50, 110, None)]
    assert memory == Worry(50, True)


def test_a_worry_that_passed_before_anybody_heard_that_it_lasted_is_none() -> None:
    assert follow_worry(Rule.LOW_BATTERY, Worry(), [0, 500], [True, False], 60, ()) == ([], Worry())


def test_a_worry_that_is_a_matter_ends_when_it_passes() -> None:
    spells, memory = follow_worry(Rule.LOW_BATTERY, Worry(0, True), [500], [False], 60, ())

    assert (spells, memory) == ([Spell(Rule.LOW_BATTERY, 0, 60, 500)], Worry())


@given(st.lists(st.tuples(st.integers(0, 300), st.sampled_from([True, False, None])), max_size=30), st.integers(0, 30))
def test_worries_in_two_parts_come_to_the_same(told: list[tuple[int, bool | None]], cut: int) -> None:
    told = sorted(told, key=lambda one: one[0])
    times, bad = [t for t, _ in told], [b for _, b in told]
    whole, end = follow_worry(Rule.LOW_BATTERY, Worry(), times, bad, 50, ((40, 60),))

    first, memory = follow_worry(Rule.LOW_BATTERY, Worry(), times[:cut], bad[:cut], 50, ((40, 60),))
    second, last = follow_worry(Rule.LOW_BATTERY, memory, times[cut:], bad[cut:], 50, ((40, 60),))

    assert first + second == whole
    assert last == end
