"""外出请假: how many days a leave counts, how many with those before it, and who decides about so many."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from corrections.domain.casework import ApprovalRank
from corrections.domain.legal import same_day

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
    """The days of leave within the calendar months that end with this leave's last day, its own included; a day that two leaves touch
    counts once.

    Of all spans of so many months that hold the whole leave this one reaches back least, and none that ends later has more days in it
    that are known yet.
    """
    own = days_of(leave, zone)
    since = same_day(own[-1], -months)
    known = {day for other in others for day in days_of(other, zone)}
    return len({day for day in known | set(own) if since < day <= own[-1]})


def rank_of(days: int, total: int, terms: RankTerms) -> ApprovalRank:
    """Who decides about a leave of so many days, with so many in all."""
    if days > terms.each_days or total > terms.total_days:
        return ApprovalRank.SUPERIOR
    return ApprovalRank.OFFICE if terms.delegated and days <= terms.office_days else ApprovalRank.COUNTY
