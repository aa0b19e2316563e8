"""The settings of leave: the file says what the program assumes, and a later entry takes over on its local day."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest

from corrections.domain.leave import RankTerms
from corrections.settings.leave import LeaveSettings
from corrections.settings.section import in_force

FILE = Path(__file__).parents[2] / "config" / "leave.toml"


def test_the_file_holds_the_defaults() -> None:
    assert LeaveSettings.model_validate(tomllib.loads(FILE.read_text(encoding="utf-8"))["leave"]) == LeaveSettings()


def test_the_domain_and_the_settings_assume_the_same() -> None:
    (terms,) = LeaveSettings().terms

    assert terms.ranks("YX01") == RankTerms()


@pytest.mark.parametrize(("day", "office_days"), [(date(2026, 12, 31), 7), (date(2027, 1, 1), 3)])
def test_a_later_entry_takes_over_on_its_day(day: date, office_days: int) -> None:
    entries = [{"valid_from": date(2027, 1, 1), "office_days": 3}, {"valid_from": date(2020, 7, 1)}]

    assert in_force(LeaveSettings.model_validate({"terms": entries}).terms, day).office_days == office_days


def test_an_office_to_which_it_is_not_delegated_decides_about_nothing() -> None:
    settings = LeaveSettings.model_validate({"terms": [{"valid_from": date(2020, 7, 1), "not_delegated": ["YX03"]}]})

    assert [settings.terms[0].ranks(office).delegated for office in ("YX03", "YX01")] == [False, True]
