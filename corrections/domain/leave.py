"""外出请假: how many days a leave counts, how many with those before it, and who decides about so many."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from corrections.domain.casework import ApprovalRank
from corrections.domain.legal import days_counted, same_day

DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)

Stretch = tuple[datetime, datetime]
"""A leave's half-open span of time."""


@dataclass(frozen=True, slots=True)
class RankTerms:
    """Up to how many days the office decides (where it is delegated); more than ``each_days`` at once, or than ``total_days`` within
    ``total_months``, is for the superior body. The number itself is included ("以内")."""

    office_days: int = 7
    each_days: int = 30
    total_days: int = 30
    total_months: int = 2
    delegated: bool = True


def days_of(leave: Stretch, zone: ZoneInfo) -> list[date]:
    """The local calendar days that a leave touches, each counted whole; one that ends at midnight does not touch the day that begins
    then."""
    first, last = leave[0].astimezone(zone).date(), (leave[1] - INSTANT).astimezone(zone).date()
    return [first + i * DAY for i in range((last - first).days + 1)]


def total_days(leave: Stretch, others: Iterable[Stretch], months: int, zone: ZoneInfo) -> int:
    """The most days of leave within any ``months`` calendar months that this leave touches, its own included: leave before it counts, and
    leave after it that is permitted already. A day that two leaves touch counts once.

    A span of months ends with a day and begins after the same day so many months before (two that end on 31 March begin on 1 February).
    Only those that end with a day of leave are tried, since no other holds more.
    """
    own = days_of(leave, zone)
    days = sorted({day for other in others for day in days_of(other, zone)} | set(own))
    most = 0
    for last in days[bisect_left(days, own[0]) :]:
        since = same_day(last, -months)
        if since >= own[-1]:
            break
        most = max(most, bisect_right(days, last) - bisect_right(days, since))
    return most


def asked_ahead(asked_at: datetime, leaves_at: datetime, days: int, zone: ZoneInfo) -> bool:
    """Whether leave was asked for so many days before the day on which it begins."""
    return days_counted(asked_at, leaves_at, zone) >= days


def rank_of(days: int, total: int, terms: RankTerms) -> ApprovalRank:
    """Who decides about a leave of so many days, with so many in all."""
    if days > terms.each_days or total > terms.total_days:
        return ApprovalRank.SUPERIOR
    return ApprovalRank.OFFICE if terms.delegated and days <= terms.office_days else ApprovalRank.COUNTY
