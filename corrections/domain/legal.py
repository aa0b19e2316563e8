"""Terms that the law ties to a fact: how days and months are counted, which edge a running term has reached, what may be proposed next.

Counting (CPL Art 105: "期间开始的时和日不算在期间以内"; the closing articles of the Measures, unverified: "超过" leaves the number out,
"内" and "以上" take it in). The local day on which a term starts is not counted; the k-th day is the k-th local day after it, whole, until
midnight. So ``over ten days`` (超过十日) begins at the midnight that ends the tenth day, and ``within ten days`` (十日内) lasts until that
same midnight. A month runs to the same day of the next month, or to the last day of a shorter one, and ``over one month`` (超过一个月,
SPC21 Art 543, WZ22) begins at the midnight that ends that day. All days are those of the bureau's wall clock.

The program only says what may be proposed; a person proposes, on facts that she states, and the body that may decides.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from corrections.domain.casework import ClockKind, MeasureKind
from corrections.domain.model import Category


class Edge(StrEnum):
    """Where a running term changes what follows from it."""

    REPORT_BY = "report_by"  # 报到期限届满
    OVER_DAYS = "over_days"  # 脱离监管超过十日
    OVER_MONTH = "over_month"  # 脱离监管超过一个月


class Contact(StrEnum):
    """How long somebody is out of contact, by the edges."""

    WITHIN_DAYS = "within_days"  # 不超过十日
    OVER_DAYS = "over_days"  # 超过十日
    OVER_MONTH = "over_month"  # 超过一个月


class Why(StrEnum):
    """Why a measure may be proposed."""

    WITHIN_DAYS = "within_days"
    OVER_DAYS = "over_days"
    OVER_MONTH = "over_month"
    WHEREABOUTS_HIDDEN = "whereabouts_hidden"  # 拒不报告行踪，脱离监管: of 暂予监外执行, without a number of days
    ADMONISHED = "admonished"  # 两次训诫仍不改正
    WARNED = "warned"  # 两次警告仍不改正
    RULES_BREACHED = "rules_breached"  # 违反监督管理规定, where there is no final step


class DueKind(StrEnum):
    """What stands in the list of what is due."""

    REPORTING_IN = "reporting_in"  # 报到
    OUT_OF_CONTACT = "out_of_contact"  # 脱离监管
    SEARCH = "search"  # 查找进行中
    STATUS = "status"  # 待登记状态变更: a search found that she is held elsewhere, or has died
    TERM_END = "term_end"  # 矫正期满
    AUTHORITY_END = "authority_end"  # 定位依据届满
    MEASURES = "measures"  # 训诫、警告累计: what stands leads on
    PROPOSAL = "proposal"  # 待复核的处理建议
    LEAVE_DECISION = "leave_decision"  # 待审批的外出
    LEAVE_RETURN = "leave_return"  # 逾期未销假
    OBJECTION = "objection"  # 待答复的异议
    ROUND = "round"  # 待签字的定位核查


class ContactSource(StrEnum):
    """What a contact, or the start of a term, is known from."""

    REPORT = "report"  # her phone reported
    CHECK_IN = "check_in"  # she checked in
    REVIEW = "review"  # an officer reached somebody about a violation
    LOG_ENTRY = "log_entry"  # a visit, a talk, reporting in or education in the supervision log
    ROUND = "round"  # she was reached in a check round
    LEAVE_REPORT = "leave_report"  # she reported on leave
    STATEMENT = "statement"  # her statement was taken
    SEARCH = "search"  # a search found her
    TERM = "term"  # the register's beginning of her term


@dataclass(frozen=True, slots=True)
class Terms:
    """The numbers in force: days until reporting in; days and months out of contact; how many admonitions and warnings lead on.
    ``last_to_last``: a month that begins on the last day of a month ends on the last day of the next."""

    reporting_days: int = 10
    contact_days: int = 10
    contact_months: int = 1
    last_to_last: bool = False
    admonitions: int = 2
    warnings: int = 2


@dataclass(frozen=True, slots=True)
class Next:
    """A measure that may be proposed, and why."""

    measure: MeasureKind
    why: Why


@dataclass(frozen=True, slots=True)
class Telling:
    """At ``at`` somebody is told of an edge: before it (``reached`` False) or once it is reached, at ``edge_at``."""

    at: datetime
    edge: Edge
    edge_at: datetime
    reached: bool


# ---- days and months


def same_day(day: date, months: int, *, last_to_last: bool = False) -> date:
    """The same day ``months`` calendar months later, or the last day of a shorter month; with ``last_to_last`` the last day of a month
    leads to the last day of the other.

    >>> same_day(date(2026, 1, 31), 1), same_day(date(2026, 2, 28), 1), same_day(date(2026, 2, 28), 1, last_to_last=True).day
    (datetime.date(2026, 2, 28), datetime.date(2026, 3, 28), 31)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    at_end = last_to_last and day.day == calendar.monthrange(day.year, day.month)[1]
    return date(year, month + 1, last if at_end else min(day.day, last))


def months_later(at: datetime, months: int, zone: ZoneInfo) -> datetime:
    """The same local day and time ``months`` calendar months later, or the last day of a shorter month."""
    local = at.astimezone(zone)
    day = same_day(local.date(), months)
    return local.replace(year=day.year, month=day.month, day=day.day).astimezone(at.tzinfo)


def local_day(at: datetime, zone: ZoneInfo) -> date:
    """The day of a moment on the bureau's wall clock."""
    return at.astimezone(zone).date()


def moment_of(day: date, at: time, zone: ZoneInfo) -> datetime:
    """A local day and time of day as a moment, in UTC."""
    return datetime.combine(day, at, zone).astimezone(UTC)


def days_counted(start: datetime, at: datetime, zone: ZoneInfo) -> int:
    """Which day of a term that began at ``start`` the moment ``at`` lies in; 0 is the day of the start, which does not count."""
    return (local_day(at, zone) - local_day(start, zone)).days


def end_of_days(start: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The midnight (UTC) that ends the last of so many days: the first moment that is over them."""
    return moment_of(local_day(start, zone) + timedelta(days=days + 1), time(), zone)


def end_of_months(start: datetime, months: int, zone: ZoneInfo, *, last_to_last: bool = False) -> datetime:
    """The midnight (UTC) that ends the last day of so many months: the first moment that is over them."""
    last = same_day(local_day(start, zone), months, last_to_last=last_to_last)
    return moment_of(last + timedelta(days=1), time(), zone)


# ---- running terms


def edges(kind: ClockKind, starts_at: datetime, terms: Terms, zone: ZoneInfo) -> Sequence[tuple[Edge, datetime]]:
    """The edges of a term that a person started, each with the first moment beyond it, in order."""
    if kind is ClockKind.REPORTING_IN:
        return ((Edge.REPORT_BY, end_of_days(starts_at, terms.reporting_days, zone)),)
    month = end_of_months(starts_at, terms.contact_months, zone, last_to_last=terms.last_to_last)
    found = [(Edge.OVER_DAYS, end_of_days(starts_at, terms.contact_days, zone)), (Edge.OVER_MONTH, month)]
    return sorted(found, key=lambda edge: edge[1])


def tellings(found: Sequence[tuple[Edge, datetime]], ahead_days: int, at: time, zone: ZoneInfo) -> list[Telling]:
    """When somebody is told of these edges, in order: so many local days before each, at a time of day, and when it is reached.
    ``ahead_days`` 0: only then."""
    told: list[Telling] = []
    for edge, edge_at in found:
        if ahead_days:
            before = moment_of(local_day(edge_at, zone) - timedelta(days=ahead_days), at, zone)
            told.append(Telling(before, edge, edge_at, reached=False))
        told.append(Telling(edge_at, edge, edge_at, reached=True))
    return sorted(told, key=lambda telling: telling.at)


def contact_of(starts_at: datetime, at: datetime, terms: Terms, zone: ZoneInfo) -> Contact:
    """How long somebody who is out of contact since ``starts_at`` is so at a moment, by the edges."""
    reached = [edge for edge, edge_at in edges(ClockKind.OUT_OF_CONTACT, starts_at, terms, zone) if edge_at <= at]
    return Contact(reached[-1].value) if reached else Contact.WITHIN_DAYS


# ---- what may be proposed next


FINAL: Mapping[Category, MeasureKind] = {
    Category.PROBATION: MeasureKind.REVOKE_PROBATION,
    Category.PAROLE: MeasureKind.REVOKE_PAROLE,
    Category.TEMPORARY: MeasureKind.IMPRISON,
}
"""The last step by category; 管制 has none: it is the sentence itself."""

LAWFUL = frozenset({Category.CONTROL, *FINAL})
"""The four categories of the law, which alone know these measures."""


def may_be_proposed(category: Category, counts: Mapping[MeasureKind, int], contact: Contact | None, terms: Terms) -> list[Next]:
    """What the time out of contact (None: she is in contact) and the measures that stand allow to be proposed, gravest first.

    1. By the time out of contact: an admonition, beyond the first edge a warning, beyond the second the last step; 暂予监外执行 may be
    brought back whenever whereabouts are hidden. 2. Two admonitions and not mended: a warning. 3. Two warnings and not mended: the last
    step. 4. 管制 has no last step: a public-security penalty may be requested instead. 假释 never leads to one.
    Whether she has mended, and whether there is a good reason, a person judges.
    """
    if category not in LAWFUL:
        return []
    final = FINAL.get(category)
    found: list[Next] = []
    if counts.get(MeasureKind.WARNING, 0) >= terms.warnings:
        found.append(Next(final, Why.WARNED) if final else Next(MeasureKind.SECURITY_PENALTY, Why.RULES_BREACHED))
    if counts.get(MeasureKind.ADMONITION, 0) >= terms.admonitions:
        found.append(Next(MeasureKind.WARNING, Why.ADMONISHED))
    if contact is not None:
        found += _out_of_contact(category, contact)
    order = list(MeasureKind)
    return sorted(dict.fromkeys(found), key=lambda one: -order.index(one.measure))


def _out_of_contact(category: Category, contact: Contact) -> list[Next]:
    found: list[Next] = []
    if category is Category.TEMPORARY:
        found.append(Next(MeasureKind.IMPRISON, Why.WHEREABOUTS_HIDDEN))
    elif contact is Contact.OVER_MONTH:
        final = FINAL.get(category)
        found.append(Next(final, Why.OVER_MONTH) if final else Next(MeasureKind.SECURITY_PENALTY, Why.RULES_BREACHED))
    if contact is Contact.WITHIN_DAYS:
        return [*found, Next(MeasureKind.ADMONITION, Why.WITHIN_DAYS)]
    return [*found, Next(MeasureKind.WARNING, Why.OVER_DAYS)]
