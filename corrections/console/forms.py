"""What is read from forms and put into them besides text: moments on the bureau's wall clock, days, and windows of the week."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from corrections.console.visit import Visit
from corrections.errors import Invalid

YEARS = (1900, 2200)
WINDOW = re.compile(r"([1-7,]+)\s+(\d{2}:\d{2})\s*[-–~至]\s*(\d{2}:\d{2})")


def moment(visit: Visit, form: Mapping[str, str], name: str) -> datetime:
    """A moment as a field of day and time sends it, on the wall clock of her bureau. Raises Invalid."""
    try:
        read = datetime.fromisoformat(form.get(name, "").strip())
    except ValueError:
        read = None
    if read is None or read.tzinfo is not None or not YEARS[0] <= read.year <= YEARS[1]:
        raise Invalid("Give the day and the time.", "请填写日期和时间。", field=name)
    return read.replace(tzinfo=visit.timezone).astimezone(UTC)


def day(form: Mapping[str, str], name: str) -> date:
    """A day as a field of a day sends it. Raises Invalid."""
    try:
        read = date.fromisoformat(form.get(name, "").strip())
    except ValueError:
        read = None
    if read is None or not YEARS[0] <= read.year <= YEARS[1]:
        raise Invalid("Give the day.", "请填写日期。", field=name)
    return read


def wall(visit: Visit, at: datetime) -> str:
    """A moment as a field of day and time takes it."""
    return f"{at.astimezone(visit.timezone):%Y-%m-%dT%H:%M}"


def lines_of_windows(text: str) -> Sequence[Mapping[str, Any]]:
    """Windows of the week, a line each, as ``1,2,3,4,5 08:00-18:00`` (Monday is 1; past midnight where it ends at or before it begins).
    Raises Invalid."""
    windows = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        found = WINDOW.fullmatch(line)
        if found is None:
            raise Invalid(
                f"Write windows as “1,2,3,4,5 08:00-18:00”, a line each, not “{line[:40]}”.",
                f"时段请每行写作“1,2,3,4,5 08:00-18:00”，无法识别“{line[:40]}”。", field="windows",
            )  # fmt: skip
        days = sorted({int(digit) - 1 for digit in found[1].split(",") if digit})
        windows.append({"start": found[2], "until": found[3], "weekdays": days})
    return windows


def windows_as_lines(windows: Sequence[Mapping[str, Any]]) -> str:
    """The same, to be edited."""
    return "\n".join(f"{','.join(str(day + 1) for day in one['weekdays'])} {one['start']}-{one['until']}" for one in windows)
