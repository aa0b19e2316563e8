"""The law's terms: how days and months are counted, at which moment an edge is passed, what may be proposed next."""

from __future__ import annotations

import doctest
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corrections.domain import legal
from corrections.domain.casework import ClockKind, MeasureKind
from corrections.domain.legal import Contact, Edge, Next, Terms, Why
from corrections.domain.model import Category

CHINA = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")  # where days have 23 and 25 hours, too
TERMS = Terms()
MICROSECOND = timedelta(microseconds=1)
ADMONITION, WARNING, PENALTY = MeasureKind.ADMONITION, MeasureKind.WARNING, MeasureKind.SECURITY_PENALTY
REVOKE, REVOKE_PAROLE, IMPRISON = MeasureKind.REVOKE_PROBATION, MeasureKind.REVOKE_PAROLE, MeasureKind.IMPRISON


def local(text: str, zone: ZoneInfo = CHINA) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def test_the_examples_of_the_docstrings_hold() -> None:
    assert doctest.testmod(legal).failed == 0


# ---- days


@pytest.mark.parametrize("start", ["2026-03-02T00:00", "2026-03-02T09:30", "2026-03-02T23:59:59.999999"])
def test_ten_days_end_with_the_tenth_day_after_that_of_the_start_whatever_its_hour(start: str) -> None:
    assert legal.end_of_days(local(start), 10, CHINA) == local("2026-03-13T00:00")


@pytest.mark.parametrize(
    ("at", "day", "contact"),
    [
        ("2026-03-02T23:59", 0, Contact.WITHIN_DAYS),
        ("2026-03-03T00:00", 1, Contact.WITHIN_DAYS),
        ("2026-03-12T00:00", 10, Contact.WITHIN_DAYS),
        ("2026-03-12T23:59:59.999999", 10, Contact.WITHIN_DAYS),  # day 10 is not over ten days
        ("2026-03-13T00:00", 11, Contact.OVER_DAYS),  # day 11 is
        ("2026-04-02T23:59:59.999999", 31, Contact.OVER_DAYS),  # the month is full
        ("2026-04-03T00:00", 32, Contact.OVER_MONTH),
    ],
)
def test_the_edges_of_ten_days_and_of_a_month(at: str, day: int, contact: Contact) -> None:
    start = local("2026-03-02T09:30")

    assert legal.days_counted(start, local(at), CHINA) == day
    assert legal.contact_of(start, local(at), TERMS, CHINA) is contact


def test_days_are_the_bureaus_and_not_those_of_utc() -> None:
    start = datetime(2026, 3, 1, 16, 30, tzinfo=UTC)  # 2 March, half past midnight in China

    assert legal.end_of_days(start, 10, CHINA) == datetime(2026, 3, 12, 16, 0, tzinfo=UTC)


def test_a_day_on_which_the_clock_changes_is_one_day() -> None:
    start = local("2026-03-20T12:00", BERLIN)  # 29 March has 23 hours there

    assert legal.end_of_days(start, 10, BERLIN) == local("2026-03-31T00:00", BERLIN)


# ---- months


@pytest.mark.parametrize(
    ("day", "same", "to_last"),
    [
        ("2026-01-15", "2026-02-15", "2026-02-15"),
        ("2026-01-31", "2026-02-28", "2026-02-28"),
        ("2028-01-31", "2028-02-29", "2028-02-29"),  # a leap year
        ("2028-01-30", "2028-02-29", "2028-02-29"),
        ("2028-02-29", "2028-03-29", "2028-03-31"),  # begun on a leap day
        ("2026-02-28", "2026-03-28", "2026-03-31"),
        ("2028-02-28", "2028-03-28", "2028-03-28"),  # not the last day of that February
        ("2026-08-31", "2026-09-30", "2026-09-30"),
        ("2026-04-30", "2026-05-30", "2026-05-31"),
        ("2026-12-31", "2027-01-31", "2027-01-31"),
        ("2026-12-15", "2027-01-15", "2027-01-15"),
    ],
)
def test_a_month_ends_on_the_same_day_or_on_the_last_of_a_shorter_one(day: str, same: str, to_last: str) -> None:
    start = local(f"{day}T18:00")

    def over(last_to_last: bool) -> datetime:
        return legal.end_of_months(start, 1, CHINA, last_to_last=last_to_last)

    assert over(False) == local(f"{same}T00:00") + timedelta(days=1)
    assert over(True) == local(f"{to_last}T00:00") + timedelta(days=1)


@pytest.mark.parametrize(
    ("at", "months", "later"),
    [
        ("2026-01-31T10:00", 1, "2026-02-28T10:00"),
        ("2026-01-31T10:00", 3, "2026-04-30T10:00"),  # 社区矫正法 Art 29: at most three months
        ("2026-11-30T10:00", 3, "2027-02-28T10:00"),
        ("2028-02-29T10:00", 12, "2029-02-28T10:00"),
        ("2026-03-31T23:30", -1, "2026-02-28T23:30"),
    ],
)
def test_months_later_keeps_the_local_day_and_time(at: str, months: int, later: str) -> None:
    assert legal.months_later(local(at), months, CHINA) == local(later)


@given(st.dates(date(2020, 1, 1), date(2040, 12, 31)), st.integers(1, 12))
def test_a_later_day_never_ends_sooner_and_no_month_is_skipped(day: date, months: int) -> None:
    later, to_last = legal.same_day(day, months), legal.same_day(day, months, last_to_last=True)

    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later + timedelta(days=1)).day == 1
    assert later <= to_last <= legal.same_day(day + timedelta(days=31), months)
    assert later <= legal.same_day(day + timedelta(days=1), months)


# ---- running terms


def test_reporting_in_has_ten_days_that_take_the_tenth_in() -> None:
    found = legal.edges(ClockKind.REPORTING_IN, local("2026-03-02T09:30"), TERMS, CHINA)

    assert found == ((Edge.REPORT_BY, local("2026-03-13T00:00")),)


def test_out_of_contact_has_two_edges_in_order() -> None:
    found = legal.edges(ClockKind.OUT_OF_CONTACT, local("2026-01-31T09:30"), TERMS, CHINA)

    assert list(found) == [(Edge.OVER_DAYS, local("2026-02-11T00:00")), (Edge.OVER_MONTH, local("2026-03-01T00:00"))]


def test_somebody_is_told_before_each_edge_and_when_it_is_reached() -> None:
    found = legal.edges(ClockKind.OUT_OF_CONTACT, local("2026-01-31T09:30"), TERMS, CHINA)

    told = legal.tellings(found, 1, time(8, 30), CHINA)

    assert [(telling.at, telling.edge, telling.reached) for telling in told] == [
        (local("2026-02-10T08:30"), Edge.OVER_DAYS, False),  # on the tenth day itself
        (local("2026-02-11T00:00"), Edge.OVER_DAYS, True),
        (local("2026-02-28T08:30"), Edge.OVER_MONTH, False),
        (local("2026-03-01T00:00"), Edge.OVER_MONTH, True),
    ]
    assert [telling.reached for telling in legal.tellings(found, 0, time(8, 30), CHINA)] == [True, True]


# ---- what may be proposed next


@pytest.mark.parametrize(
    ("category", "contact", "expected"),
    [
        (Category.PROBATION, Contact.WITHIN_DAYS, [Next(ADMONITION, Why.WITHIN_DAYS)]),
        (Category.PROBATION, Contact.OVER_DAYS, [Next(WARNING, Why.OVER_DAYS)]),
        (Category.PROBATION, Contact.OVER_MONTH, [Next(REVOKE, Why.OVER_MONTH), Next(WARNING, Why.OVER_DAYS)]),
        (Category.PAROLE, Contact.OVER_MONTH, [Next(REVOKE_PAROLE, Why.OVER_MONTH), Next(WARNING, Why.OVER_DAYS)]),
        (Category.CONTROL, Contact.OVER_DAYS, [Next(WARNING, Why.OVER_DAYS)]),
        (Category.CONTROL, Contact.OVER_MONTH, [Next(PENALTY, Why.RULES_BREACHED), Next(WARNING, Why.OVER_DAYS)]),
        (Category.TEMPORARY, Contact.WITHIN_DAYS, [Next(IMPRISON, Why.WHEREABOUTS_HIDDEN), Next(ADMONITION, Why.WITHIN_DAYS)]),
        (Category.TEMPORARY, Contact.OVER_MONTH, [Next(IMPRISON, Why.WHEREABOUTS_HIDDEN), Next(WARNING, Why.OVER_DAYS)]),
        (Category.RELEASED, Contact.OVER_MONTH, []),
    ],
)
def test_time_out_of_contact_leads_to_a_step_of_the_category(category: Category, contact: Contact, expected: list[Next]) -> None:
    assert legal.may_be_proposed(category, {}, contact, TERMS) == expected


@pytest.mark.parametrize(
    ("category", "counts", "expected"),
    [
        (Category.PROBATION, {ADMONITION: 1, WARNING: 1}, []),
        (Category.PROBATION, {ADMONITION: 2}, [Next(WARNING, Why.ADMONISHED)]),
        (Category.PROBATION, {WARNING: 2}, [Next(REVOKE, Why.WARNED)]),
        (Category.PROBATION, {ADMONITION: 3, WARNING: 3}, [Next(REVOKE, Why.WARNED), Next(WARNING, Why.ADMONISHED)]),
        (Category.PAROLE, {WARNING: 2}, [Next(REVOKE_PAROLE, Why.WARNED)]),
        (Category.TEMPORARY, {WARNING: 2}, [Next(IMPRISON, Why.WARNED)]),
        (Category.CONTROL, {WARNING: 2}, [Next(PENALTY, Why.RULES_BREACHED)]),  # the sentence itself: nothing to revoke
        (Category.RELEASED, {ADMONITION: 2, WARNING: 2}, []),
    ],
)
def test_measures_that_stand_lead_to_the_next(category: Category, counts: Mapping[MeasureKind, int], expected: list[Next]) -> None:
    assert legal.may_be_proposed(category, counts, None, TERMS) == expected


@pytest.mark.parametrize("contact", [None, *Contact])
@pytest.mark.parametrize("category", list(Category))
def test_parole_knows_no_public_security_penalty_and_control_no_last_step(category: Category, contact: Contact | None) -> None:
    counts = {ADMONITION: 5, WARNING: 5}

    found = {one.measure for one in legal.may_be_proposed(category, counts, contact, TERMS)}

    if category is Category.PAROLE:
        assert PENALTY not in found
    if category is Category.CONTROL:
        assert found.isdisjoint({REVOKE, REVOKE_PAROLE, IMPRISON})
    assert found & {REVOKE, REVOKE_PAROLE, IMPRISON} <= {legal.FINAL.get(category)}
