"""How many days a leave counts, how many with those before it, and who decides: the edges."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from corrections.domain.casework import ApprovalRank
from corrections.domain.leave import RankTerms, Stretch, asked_ahead, days_of, rank_of, total_days

ZONE = ZoneInfo("Asia/Shanghai")


def leave(start: str, end: str) -> Stretch:
    return datetime.fromisoformat(start).replace(tzinfo=ZONE), datetime.fromisoformat(end).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2026-03-02 08:00", "2026-03-02 18:00", 1),
        ("2026-03-02 18:00", "2026-03-03 08:00", 2),  # over midnight: two days
        ("2026-03-02 08:00", "2026-03-03 00:00", 1),  # ends as the next day begins
        ("2026-03-02 08:00", "2026-03-08 20:00", 7),
        ("2026-03-02 08:00", "2026-03-09 00:01", 8),
        ("2028-02-28 08:00", "2028-03-01 08:00", 3),  # the leap day between
        ("2026-12-30 08:00", "2027-01-02 08:00", 4),
    ],
)
def test_each_local_day_that_a_leave_touches_counts_whole(start: str, end: str, days: int) -> None:
    assert len(days_of(leave(start, end), ZONE)) == days


@pytest.mark.parametrize(
    ("before", "this", "total"),
    [
        ([], ("2026-03-02 08:00", "2026-03-03 08:00"), 2),
        ([("2026-02-20 08:00", "2026-02-21 08:00")], ("2026-03-02 08:00", "2026-03-03 08:00"), 4),
        ([("2026-03-01 08:00", "2026-03-02 12:00")], ("2026-03-02 14:00", "2026-03-03 08:00"), 3),  # a day that both touch
        # two months back from 31 March lies 31 January, which is not within them any more
        ([("2026-01-30 08:00", "2026-01-31 20:00")], ("2026-03-31 08:00", "2026-03-31 20:00"), 1),
        ([("2026-01-31 08:00", "2026-02-01 20:00")], ("2026-03-31 08:00", "2026-03-31 20:00"), 2),
        # two months back from 30 April, as from 29, lies the last day of February
        ([("2028-02-28 08:00", "2028-02-29 20:00")], ("2028-04-29 08:00", "2028-04-29 20:00"), 1),
        ([("2028-02-28 08:00", "2028-03-01 20:00")], ("2028-04-29 08:00", "2028-04-29 20:00"), 2),
        ([("2026-12-20 08:00", "2026-12-24 20:00")], ("2027-01-04 08:00", "2027-01-05 20:00"), 7),  # over the end of the year
        # leave that is permitted already and comes after: both lie within two months
        ([("2026-05-01 08:00", "2026-05-20 20:00")], ("2026-04-10 08:00", "2026-04-25 20:00"), 36),
        ([("2026-07-01 08:00", "2026-07-20 20:00")], ("2026-04-10 08:00", "2026-04-25 20:00"), 16),
        ([("2026-01-02 08:00", "2026-01-31 20:00")], ("2026-03-01 08:00", "2026-03-01 20:00"), 31),
        ([("2026-01-02 08:00", "2026-01-31 20:00")], ("2026-03-01 08:00", "2026-04-30 20:00"), 61),
    ],
)
def test_days_within_two_calendar_months_are_counted_once_each(before: list[tuple[str, str]], this: tuple[str, str], total: int) -> None:
    assert total_days(leave(*this), [leave(*one) for one in before], 2, ZONE) == total


@pytest.mark.parametrize(
    ("asked", "leaves", "ahead"),
    [
        ("2026-03-02 23:00", "2026-03-05 00:30", True),  # the third day after, at whatever hour
        ("2026-03-02 00:30", "2026-03-04 23:00", False),
        ("2026-12-30 10:00", "2027-01-02 08:00", True),
        ("2028-02-28 10:00", "2028-03-02 08:00", True),  # the leap day between
        ("2027-02-28 10:00", "2027-03-02 08:00", False),
    ],
)
def test_three_days_ahead_are_counted_in_local_days(asked: str, leaves: str, ahead: bool) -> None:
    asked_at, leaves_at = leave(asked, leaves)

    assert asked_ahead(asked_at, leaves_at, 3, ZONE) is ahead


@pytest.mark.parametrize(
    ("days", "total", "rank"),
    [
        (7, 7, ApprovalRank.OFFICE),
        (8, 8, ApprovalRank.COUNTY),
        (30, 30, ApprovalRank.COUNTY),
        (31, 31, ApprovalRank.SUPERIOR),
        (2, 30, ApprovalRank.OFFICE),
        (2, 31, ApprovalRank.SUPERIOR),
    ],
)
def test_who_decides_follows_from_the_days_and_the_edge_belongs_below(days: int, total: int, rank: ApprovalRank) -> None:
    assert rank_of(days, total, RankTerms()) is rank


def test_where_the_county_did_not_delegate_it_the_county_decides_about_every_leave() -> None:
    assert rank_of(1, 1, RankTerms(delegated=False)) is ApprovalRank.COUNTY
