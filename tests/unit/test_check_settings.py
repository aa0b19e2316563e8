"""The schedules of checks as they are set: the file says what the classes do, what cannot be is refused, entries succeed one another."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from corrections.settings.checks import Checks, Schedule, label_of

FILE = Path(__file__).parents[2] / "config" / "checks.toml"
DAY = date(2026, 3, 2)
FIXED: dict[str, Any] = {
    "valid_from": date(2026, 1, 1), "name": "morning", "label": {"zh": "早", "en": "Morning"}, "purpose": "round", "kind": "fixed",
    "times": ["09:00"],
}  # fmt: skip


def test_the_file_says_what_the_classes_do() -> None:
    assert Checks.model_validate(tomllib.loads(FILE.read_text(encoding="utf-8"))["checks"]) == Checks()


def test_by_default_check_ins_are_off_and_rounds_are_on() -> None:
    checks = Checks()

    assert [checks.schedule(name, DAY) for name in checks.names("check_in")] == [None] * 3
    assert all(checks.schedule(name, DAY) for name in checks.names("round"))


def test_an_entry_is_in_force_from_its_day_until_the_next_of_its_name() -> None:
    entries = [FIXED, FIXED | {"valid_from": DAY, "times": ["10:00"]}, FIXED | {"valid_from": date(2026, 4, 1), "enabled": False}]
    checks = Checks.model_validate({"schedules": entries})

    found = [checks.schedule("morning", day) for day in (date(2025, 12, 31), date(2026, 3, 1), DAY, date(2026, 4, 1))]

    assert [entry and entry.times[0].hour for entry in found] == [None, 9, 10, None]
    assert (label_of(checks, "morning", DAY), label_of(checks, "", DAY)[1]) == (("早", "Morning"), "Round begun by hand")


@pytest.mark.parametrize(
    "changes",
    [
        {"times": []},
        {"kind": "every", "every_minutes": 60},
        {"kind": "random", "windows": [{"start": "08:00", "until": "21:00"}]},
        {"kind": "random", "windows": [{"start": "08:00", "until": "21:00"}], "count": 1.5},
        {"purpose": "check_in", "only_on_duty": True},
        {"name": "Früh"},
        {"levels": ["severe"]},
        {"day": "working"},
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Schedule.model_validate(FIXED | changes)


@pytest.mark.parametrize("second", [FIXED, FIXED | {"valid_from": DAY, "purpose": "check_in"}])
def test_two_entries_that_cannot_be_told_apart_are_refused(second: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Checks.model_validate({"schedules": [FIXED, second]})
