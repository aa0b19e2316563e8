"""When checks are due: fixed, every so often, at random; that nobody can foresee the random ones, and that they come out again.

The moments that are tested for chance follow from fixed secrets, so that the tests always say the same.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from corrections.domain.calendar import DAY, WorkCalendar
from corrections.domain.checks import Counted, Draw, Hours, Kind, Per, Plan, commitment, moments_between, moments_of, period_of
from corrections.settings import Calendar

ZONE = ZoneInfo("Asia/Shanghai")
CALENDAR = Calendar().at(ZONE)
MONDAY = date(2026, 3, 2)
SECRET, OTHER = hashlib.sha256(b"one").digest(), hashlib.sha256(b"another").digest()
DAYTIME = (Hours(time(8), time(21)),)
SECONDS = 13 * 3600  # of the daytime
TWICE = Plan(Kind.RANDOM, windows=DAYTIME, count=2)
CHI_SQUARE_99 = {129: 170.0, 12: 26.2, 99: 134.6}  # by degrees of freedom; a fair generator exceeds it once in a hundred


def draw(about: str = "subject:1", secret: bytes = SECRET, schedule: str = "check-in") -> Draw:
    return Draw(secret, schedule, about)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), ZONE).astimezone(UTC)


def drawn(count: int, secret: bytes = SECRET, day: date = MONDAY) -> np.ndarray:
    """Seconds after eight of the first draw for so many subjects on one day."""
    return np.array([draw(f"subject:{i}", secret).below(day.isoformat(), 0, SECONDS) for i in range(count)])


def over_days(days: int, about: str = "subject:1") -> np.ndarray:
    """The same for one subject on so many days."""
    return np.array([draw(about).below((MONDAY + i * DAY).isoformat(), 0, SECONDS) for i in range(days)])


def chi_square(counts: np.ndarray) -> float:
    expected = counts.sum() / counts.size
    return float(((counts - expected) ** 2 / expected).sum())


# ---- fixed, and every so often


def test_fixed_ones_are_on_the_bureaus_wall_clocks() -> None:
    plan = Plan(Kind.FIXED, times=(time(9), time(20)))

    assert moments_of(plan, CALENDAR, MONDAY, draw()) == (at(MONDAY, 9), at(MONDAY, 20))


def test_every_so_often_is_from_the_beginning_of_the_window_up_to_its_end() -> None:
    plan = Plan(Kind.EVERY, windows=(Hours(time(22), time(2)),), every_minutes=90)

    assert moments_of(plan, CALENDAR, MONDAY, draw()) == (at(MONDAY, 22), at(MONDAY, 23, 30), at(MONDAY + DAY, 1))


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (date(2026, 3, 6), True),
        (date(2026, 3, 7), False),
        (date(2026, 10, 1), False),  # National Day
        (date(2026, 10, 10), True),  # a Saturday worked for it
    ],
)
def test_working_days_are_the_calendars_with_its_swapped_days(day: date, worked: bool) -> None:
    plan = Plan(Kind.FIXED, working_days=True, times=(time(9),))

    assert bool(moments_of(plan, CALENDAR, day, draw())) is worked


def test_what_lies_between_two_moments_is_after_the_first_and_up_to_the_second() -> None:
    plan = Plan(Kind.FIXED, times=(time(9),))

    found = moments_between(plan, CALENDAR, at(MONDAY, 9), at(MONDAY + 2 * DAY, 9), lambda _: draw())

    assert found == [at(MONDAY + DAY, 9), at(MONDAY + 2 * DAY, 9)]


def test_a_window_over_midnight_is_found_on_the_day_after_it_began() -> None:
    plan = Plan(Kind.EVERY, windows=(Hours(time(23), time(1)),), every_minutes=60)

    assert moments_between(plan, CALENDAR, at(MONDAY, 23, 30), at(MONDAY + DAY, 12), lambda _: draw()) == [at(MONDAY + DAY, 0)]


def test_midnight_itself_belongs_to_the_day_that_begins() -> None:
    plan = Plan(Kind.FIXED, times=(time(0),))

    assert moments_between(plan, CALENDAR, at(MONDAY, 23, 59), at(MONDAY + DAY, 0), lambda _: draw()) == [at(MONDAY + DAY, 0)]


def test_on_a_day_whose_clock_changes_the_window_is_as_long_as_it_really_was() -> None:
    calendar = WorkCalendar(ZoneInfo("Europe/Berlin"), ((time(8), time(16)),))
    plan = Plan(Kind.EVERY, windows=(Hours(time(0), time(6)),), every_minutes=60)

    assert len(moments_of(plan, calendar, date(2026, 3, 29), draw())) == 5


def test_a_schedule_that_is_not_in_force_has_no_moments() -> None:
    plan = Plan(Kind.FIXED, times=(time(9),))

    found = moments_between(plan, CALENDAR, at(MONDAY, 0), at(MONDAY + 3 * DAY, 0), lambda day: draw() if day > MONDAY else None)

    assert found == [at(MONDAY + DAY, 9), at(MONDAY + 2 * DAY, 9)]


# ---- random ones: how many, and where


def test_as_many_as_were_asked_for_lie_within_the_windows() -> None:
    for i in range(200):
        found = moments_of(TWICE, CALENDAR, MONDAY, draw(f"subject:{i}"))

        assert len(found) == 2
        assert all(at(MONDAY, 8) <= moment < at(MONDAY, 21) for moment in found)


def test_counted_by_the_week_they_fall_on_any_of_its_days() -> None:
    plan = Plan(Kind.RANDOM, windows=DAYTIME, count=3, per=Per.WEEK)

    weeks = [moments_of(plan, CALENDAR, MONDAY, draw(f"subject:{i}")) for i in range(300)]

    assert {len(week) for week in weeks} == {3}
    assert {moment.astimezone(ZONE).weekday() for week in weeks for moment in week} == set(range(7))
    assert period_of(plan, MONDAY + 6 * DAY) == MONDAY


def test_counted_by_the_window_each_has_its_own() -> None:
    windows = (Hours(time(8), time(12)), Hours(time(22), time(2)))
    plan = Plan(Kind.RANDOM, windows=windows, count=1, per=Per.WINDOW)

    for i in range(100):
        morning, night = moments_of(plan, CALENDAR, MONDAY, draw(f"subject:{i}"))

        assert at(MONDAY, 8) <= morning < at(MONDAY, 12)
        assert at(MONDAY, 22) <= night < at(MONDAY + DAY, 2)


def test_on_working_days_alone_none_falls_on_a_holiday() -> None:
    plan = Plan(Kind.RANDOM, working_days=True, windows=DAYTIME, count=5, per=Per.WEEK)

    weeks = [moments_of(plan, CALENDAR, date(2026, 9, 28), draw(f"subject:{i}")) for i in range(100)]

    days = {moment.astimezone(ZONE).date() for week in weeks for moment in week}
    assert days == {date(2026, 9, 28), date(2026, 9, 29), date(2026, 9, 30)}


def test_on_average_there_are_so_many_and_how_many_is_chance() -> None:
    plan = Plan(Kind.RANDOM, windows=DAYTIME, count=2, counted=Counted.ON_AVERAGE)

    counts = np.array([len(moments_of(plan, CALENDAR, MONDAY, draw(f"subject:{i}"))) for i in range(5_000)])

    assert abs(counts.mean() - 2) < 0.06  # three times its standard error
    assert abs(counts.var() - 2) < 0.13  # as of a Poisson process, whose past says nothing of its future


# ---- that nobody can foresee them


def test_they_are_uniform_over_the_window() -> None:
    counts, _ = np.histogram(drawn(20_000), bins=130, range=(0, SECONDS))

    assert chi_square(counts) < CHI_SQUARE_99[129]


def test_the_first_of_a_day_tells_nothing_of_the_second() -> None:
    both = np.array([
        [draw(f"subject:{i}").below(MONDAY.isoformat(), index, SECONDS) for index in (0, 1)] for i in range(20_000)
    ])  # fmt: skip

    assert abs(np.corrcoef(both.T)[0, 1]) < 0.02  # 2.8 standard errors of no correlation
    cells, _, _ = np.histogram2d(both[:, 0], both[:, 1], bins=10, range=[[0, SECONDS]] * 2)
    assert chi_square(cells) < CHI_SQUARE_99[99]


def test_one_day_tells_nothing_of_the_next_days() -> None:
    days = over_days(20_000)

    for lag in (1, 2, 7, 30):
        assert abs(np.corrcoef(days[:-lag], days[lag:])[0, 1]) < 0.02


def test_one_subject_tells_nothing_of_the_next() -> None:
    subjects = drawn(20_000)

    assert abs(np.corrcoef(subjects[:-1], subjects[1:])[0, 1]) < 0.02


def test_whoever_has_seen_all_earlier_moments_guesses_the_next_no_better_than_chance() -> None:
    hours = over_days(20_000) * 13 // SECONDS  # which of the thirteen hours it fell into
    seen, hits, by_last = np.zeros(13), 0, np.zeros((13, 13))
    after_last = 0
    for before, now in pairwise(hours.tolist()):
        seen[before] += 1
        hits += int(seen.argmax() == now)  # the hour that was most frequent so far
        after_last += int(by_last[before].argmax() == now)  # the hour that most often followed one such as the last
        by_last[before, now] += 1

    chance = 19_999 / 13
    error = (chance * 12 / 13) ** 0.5
    assert abs(hits - chance) < 3 * error
    assert abs(after_last - chance) < 3 * error


def test_another_secret_gives_moments_that_have_nothing_to_do_with_these() -> None:
    one, other = drawn(20_000), drawn(20_000, OTHER)

    assert abs(np.corrcoef(one, other)[0, 1]) < 0.02
    assert (one == other).sum() < 5  # 0.4 are to be expected


def test_schedule_period_subject_and_number_each_make_another_moment() -> None:
    draws = {
        draw().bits("2026-03-02", 0), draw().bits("2026-03-02", 1), draw().bits("2026-03-03", 0), draw("subject:2").bits("2026-03-02", 0),
        draw(schedule="check-in-2").bits("2026-03-02", 0), draw(secret=OTHER).bits("2026-03-02", 0),
    }  # fmt: skip

    assert len(draws) == 6


def test_what_is_in_one_part_cannot_pass_for_another() -> None:
    assert Draw(SECRET, 'a","b', "c").bits("d", 0) != Draw(SECRET, "a", 'b","c').bits("d", 0)


# ---- that an auditor can derive them again


def test_the_same_secret_gives_the_same_moments() -> None:
    first = moments_of(TWICE, CALENDAR, MONDAY, draw())
    moments_of.cache_clear()

    assert moments_of(TWICE, CALENDAR, MONDAY, draw()) == first


def test_the_value_is_hmac_sha256_over_what_the_moment_is_for() -> None:
    """By hand, from the definition in RFC 2104, section 2, so that an auditor may use any other program."""
    key = SECRET.ljust(64, b"\0")
    message = b'["check-in","2026-03-02","subject:1",0]'
    inner = hashlib.sha256(bytes(k ^ 0x36 for k in key) + message).digest()
    outer = hashlib.sha256(bytes(k ^ 0x5C for k in key) + inner).digest()

    assert draw().bits("2026-03-02", 0) == int.from_bytes(outer, "big")
    assert draw().below("2026-03-02", 0, SECONDS) == int.from_bytes(outer, "big") * SECONDS // 2**256
    assert commitment(SECRET) == hashlib.sha256(SECRET).hexdigest()


def test_a_moment_is_to_the_second() -> None:
    assert all(moment.microsecond == 0 for moment in moments_of(TWICE, CALENDAR, MONDAY, draw()))


def test_a_window_of_no_length_in_a_changed_clock_has_none() -> None:
    calendar = WorkCalendar(ZoneInfo("Europe/Berlin"), ((time(8), time(16)),))
    plan = Plan(Kind.RANDOM, windows=(Hours(time(2), time(3)),), count=1)

    assert moments_of(plan, calendar, date(2026, 3, 29), draw()) == ()  # this hour did not exist
    assert len(moments_of(plan, calendar, date(2026, 3, 30), draw())) == 1


def test_the_moments_of_a_long_stretch_are_those_of_its_days() -> None:
    start = at(MONDAY, 0)

    found = moments_between(TWICE, CALENDAR, start, start + timedelta(days=10), lambda _: draw())

    assert found == sorted(moment for i in range(10) for moment in moments_of(TWICE, CALENDAR, MONDAY + i * DAY, draw()))
