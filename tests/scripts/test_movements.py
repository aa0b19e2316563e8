"""The sample's day: true to its seed, lawful but for those whose part it is to break a rule, with phones as they really are."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from scripts import movements, sample_district
from scripts.sample_district import District, Part, Person

DAY = date(2026, 5, 19)


@pytest.fixture(scope="module")
def district() -> District:
    return sample_district.make()


@pytest.fixture(scope="module")
def days(district: District) -> dict[str, movements.Day]:
    return {person.number: movements.day_of(district, person, DAY) for person in district.people}


def who(district: District, part: Part) -> list[Person]:
    return [person for person in district.people if person.part is part]


def test_only_those_break_a_rule_whose_part_it_is(district: District, days: dict[str, movements.Day]) -> None:
    broken = {person.part for person in district.people if days[person.number].breaches}

    assert broken == {Part.LEAVES, Part.ENTERS, Part.BREAKS_CURFEW}
    for person in who(district, Part.LEAVES) + who(district, Part.ENTERS) + who(district, Part.BREAKS_CURFEW):
        assert days[person.number].breaches


def test_six_leave_the_area_for_20_to_90_minutes(district: District, days: dict[str, movements.Day]) -> None:
    leavers = who(district, Part.LEAVES)

    assert len(leavers) == 6
    for person in leavers:
        (breach,) = [b for b in days[person.number].breaches if b.zone == "YX-URBAN"]
        assert timedelta(minutes=20) <= breach.end - breach.start <= timedelta(minutes=90)
        assert breach.depth_m > 700


def test_two_are_out_in_the_night_and_one_goes_into_a_school(district: District, days: dict[str, movements.Day]) -> None:
    (enters,) = who(district, Part.ENTERS)
    night = [days[person.number].breaches for person in who(district, Part.BREAKS_CURFEW)]

    assert [b.zone.startswith("YX-SCHOOL") for b in days[enters.number].breaches] == [True]
    assert [[b.zone.startswith("YX-HOME") for b in breaches] for breaches in night] == [[True], [True]]
    assert all(22 <= b.start.astimezone(movements.LOCAL).hour <= 23 for breaches in night for b in breaches)


def test_fixes_fill_the_local_day_at_the_interval(district: District, days: dict[str, movements.Day]) -> None:
    begins = datetime(2026, 5, 18, 16, tzinfo=UTC)  # midnight in Shanghai

    for person in district.people[:60]:
        at = [fix.at for fix in days[person.number].fixes]
        assert len(at) == 86_400 // person.interval_s
        assert begins <= min(at)
        assert max(at) < begins + timedelta(days=1)
        assert at == sorted(at)


def test_the_claimed_radius_holds_about_two_thirds_and_now_and_then_lies(district: District) -> None:
    person = who(district, Part.ORDINARY)[0]
    rng = np.random.default_rng(5)
    still = np.tile(person.home, (20_000, 1)) + np.cumsum(np.ones((20_000, 2)) * 100, axis=0)  # every fix at a place of its own

    radius, error = movements._errors(rng, still, np.zeros(20_000, dtype=bool))

    share = float((np.hypot(*error.T) <= radius).mean())
    assert 0.6 < share < 0.85
    assert np.hypot(*error.T).max() > 3 * radius.max() / 2


def test_the_same_seed_gives_the_same_day_and_another_number_another(district: District, days: dict[str, movements.Day]) -> None:
    person = district.people[50]

    assert movements.day_of(district, person, DAY).fixes == days[person.number].fixes
    assert [f.lat for f in movements.day_of(district, person, DAY, number=1).fixes] != [f.lat for f in days[person.number].fixes]


def sent(district: District, days: dict[str, movements.Day], part: Part) -> tuple[list[movements.Fix], list[movements.Fix]]:
    (person,) = who(district, part)
    return days[person.number].fixes, movements.as_sent(person, days[person.number].fixes, DAY)


def test_the_late_phone_sends_all_but_three_hours_out_of_order(district: District, days: dict[str, movements.Day]) -> None:
    fixes, order = sent(district, days, Part.UPLOADS_LATE)

    assert Counter(order) == Counter(fixes)
    moved = [i for i, (a, b) in enumerate(zip(fixes, order, strict=True)) if a != b]
    assert len(moved) >= 3 * 3600 / 900 - 2


def test_the_repeating_phone_sends_each_fix_twice(district: District, days: dict[str, movements.Day]) -> None:
    fixes, order = sent(district, days, Part.REPEATS)

    assert Counter(order) == dict.fromkeys(fixes, 2)


def test_the_absurd_phone_adds_nonsense_to_what_is_right(district: District, days: dict[str, movements.Day]) -> None:
    fixes, order = sent(district, days, Part.ABSURD)

    odd = Counter(order) - Counter(fixes)
    assert {(fix.lat, fix.lon) for fix in odd} == {(0.0, 0.0), (123.456, 987.654)}
    assert Counter(fixes) - Counter(order) == Counter()


def test_the_silent_phones_send_half_a_day_and_nothing(district: District, days: dict[str, movements.Day]) -> None:
    fixes, half = sent(district, days, Part.FALLS_SILENT)
    _, none = sent(district, days, Part.NEVER_REPORTS)

    assert half == fixes[: len(half)]
    assert max(fix.at for fix in half) < datetime(2026, 5, 19, 5, 20, tzinfo=UTC)
    assert none == []


def test_the_feigned_positions_are_marked_for_six_hours(district: District, days: dict[str, movements.Day]) -> None:
    _, order = sent(district, days, Part.MOCK)

    marked = [fix.at.astimezone(movements.LOCAL).hour for fix in order if fix.mock]
    assert (min(marked), max(marked)) == (10, 15)
