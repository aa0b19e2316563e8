"""Times, days and lengths as a subject reads them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

Both = tuple[str, str]

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NEAR: dict[int, Both] = {-1: ("昨天", "yesterday"), 0: ("今天", "today"), 1: ("明天", "tomorrow")}


def moment(at: datetime, now: datetime, timezone: ZoneInfo) -> Both:
    """``今天 14:05``, ``3月5日 14:05``; the year where it is another."""
    zh, en = day(at.astimezone(timezone).date(), now, timezone)
    clock = f"{at.astimezone(timezone):%H:%M}"
    return f"{zh} {clock}", f"{en} {clock}"


def day(on: date, now: datetime, timezone: ZoneInfo) -> Both:
    """A local day: by its name where it is near."""
    today = now.astimezone(timezone).date()
    if (near := NEAR.get((on - today).days)) is not None:
        return near
    zh, en = f"{on.month}月{on.day}日", f"{on.day} {MONTHS[on.month - 1]}"
    return (zh, en) if on.year == today.year else (f"{on.year}年{zh}", f"{en} {on.year}")


def whole_day(on: date) -> Both:
    """A day with its year, wherever it is."""
    return f"{on.year}年{on.month}月{on.day}日", f"{on.day} {MONTHS[on.month - 1]} {on.year}"


def last_day(until: datetime, timezone: ZoneInfo) -> date:
    """The last local day of a span that ends before ``until``."""
    return (until - timedelta(microseconds=1)).astimezone(timezone).date()


def days_left(on: date, now: datetime, timezone: ZoneInfo) -> int:
    """From today until a local day."""
    return (on - now.astimezone(timezone).date()).days


def ago(at: datetime, now: datetime) -> Both:
    """How long it is since, in its largest unit."""
    minutes = max(int((now - at).total_seconds()), 0) // 60
    if minutes < 1:
        return "刚刚", "just now"
    if minutes < 60:
        return f"{minutes} 分钟前", f"{minutes} min ago"
    hours = minutes // 60
    if hours < 48:
        return f"{hours} 小时前", f"{hours} h ago"
    return f"{hours // 24} 天前", f"{hours // 24} days ago"


def metres(length: float) -> Both:
    """A round length."""
    return (f"{length / 1000:g} 公里", f"{length / 1000:g} km") if length >= 1000 else (f"{length:g} 米", f"{length:g} m")
