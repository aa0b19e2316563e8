"""What a subject reads of her own rules: short sentences, no terms of the trade, Chinese and English."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import time

from corrections.domain.model import Window, ZoneKind

Both = tuple[str, str]

DAYS: Sequence[Both] = (
    ("周一", "Monday"), ("周二", "Tuesday"), ("周三", "Wednesday"), ("周四", "Thursday"), ("周五", "Friday"), ("周六", "Saturday"),
    ("周日", "Sunday"),
)  # fmt: skip
ALWAYS: Both = ("任何时候", "at all times")
PROTECTED: Both = ("某位受保护的人", "a person who is protected")
HIDDEN_ZONE: Both = (
    "有一处地方您不能进入，这里不显示位置。不清楚是哪里，请问工作人员",
    "There is a place that you must keep out of. It is not shown here. If you do not know which it is, ask your officer",
)
MASKED_PLACE: Both = ("手机位置在一处不能进入的地方里面或附近。", "The phone was in or near a place that you must keep out of.")
MASKED_PERSON: Both = (
    "手机位置可能离不能接近的人太近。也可能只是路过、同乘一车。",
    "The phone may have been too near a person whom you must keep away from. It may also have been by chance, as in one bus.",
)
"""In place of the reason of a violation that would tell of a place that an order keeps from her, or of somebody else."""


def zone_words(kind: ZoneKind, name: str, windows: Sequence[Window]) -> Both:
    """What a zone asks of her: ``每天 22:00 到第二天 06:00，要在“住处”里``."""
    if kind is ZoneKind.EXCLUSION:
        what = (f"不能进入“{name}”", f"keep out of “{name}”")
    elif windows:
        what = (f"要在“{name}”里", f"be inside “{name}”")
    else:
        what = (f"不能离开“{name}”", f"stay inside “{name}”")
    when = windows_words(windows)
    return f"{when[0]}，{what[0]}", f"{when[1][0].upper()}{when[1][1:]}, {what[1]}"


def windows_words(windows: Sequence[Window]) -> Both:
    """When a zone's windows are: those of one span of hours together, with the days on which they begin; no windows: always.

    >>> windows_words([Window(time(22), time(6))])
    ('每天 22:00 到第二天 06:00', 'every day from 22:00 to 06:00 of the next day')
    """
    if not windows:
        return ALWAYS
    days: dict[tuple[time, time], set[int]] = {}
    for window in windows:
        days.setdefault((window.start, window.until), set()).update(window.weekdays)
    told = [_window(start, until, on) for (start, until), on in sorted(days.items(), key=lambda item: (min(item[1], default=7), item[0]))]
    return "；".join(zh for zh, _ in told), "; ".join(en for _, en in told)


def ban_words(distance_m: float) -> Both:
    """What an order to keep apart asks of her; whom it protects is in the order, not here."""
    return (
        f"不能接近{PROTECTED[0]}（{distance_m:.0f} 米以内）。是谁，以给您的决定书为准",
        f"Keep away from {PROTECTED[1]} (at least {distance_m:.0f} m). Who it is, the order that you were given says",
    )


def interval_words(interval_s: int) -> Both:
    """How often her phone is to report."""
    minutes = max(round(interval_s / 60), 1)
    if minutes % 60 == 0:
        hours = minutes // 60
        return f"手机每 {hours} 小时上报一次", f"The phone reports every {'hour' if hours == 1 else f'{hours} hours'}"
    return f"手机每 {minutes} 分钟上报一次", f"The phone reports every {'minute' if minutes == 1 else f'{minutes} minutes'}"


def _window(start: time, until: time, on: Iterable[int]) -> Both:
    days, hours = _days(frozenset(on)), _hours(start, until)
    return f"{days[0]} {hours[0]}", f"{days[1]} {hours[1]}"


def _hours(start: time, until: time) -> Both:
    if start == until == time():
        return "全天", "all day"
    if until == time():
        return f"{start:%H:%M} 到 24:00", f"from {start:%H:%M} to midnight"
    if until <= start:
        return f"{start:%H:%M} 到第二天 {until:%H:%M}", f"from {start:%H:%M} to {until:%H:%M} of the next day"
    return f"{start:%H:%M} 到 {until:%H:%M}", f"from {start:%H:%M} to {until:%H:%M}"


def _days(on: frozenset[int]) -> Both:
    if len(on) == 7:
        return "每天", "every day"
    parts = [_run(run) for run in _runs(sorted(on))]
    return "、".join(zh for zh, _ in parts), "on " + ", ".join(en for _, en in parts)


def _runs(days: Sequence[int]) -> list[list[int]]:
    """Days in a row, where there are three or more; else each by itself."""
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return [part for run in runs for part in ([run] if len(run) >= 3 else [[day] for day in run])]


def _run(run: Sequence[int]) -> Both:
    first, last = DAYS[run[0]], DAYS[run[-1]]
    return first if len(run) == 1 else (f"{first[0]}到{last[0]}", f"{first[1]} to {last[1]}")
