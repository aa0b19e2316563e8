"""Contact by received time: silence, and contact without a position."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from corrections.domain.contact import Contacts, Spell, due_us, follow_contacts
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
