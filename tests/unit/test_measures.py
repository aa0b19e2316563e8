"""Which measure is open to whom, which grounds the counts bear out, and that the settings hold a ground for each."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from corrections.domain.casework import MeasureKind
from corrections.domain.legal import Contact, Terms
from corrections.domain.measures import Second, fitting, grounds_of, may_second, open_to
from corrections.domain.model import Category, Role
from corrections.settings import Measures, Settings
from corrections.settings.measures import GroundText, Hands

K, DAY = MeasureKind, date(2026, 3, 2)
SETTINGS = Settings()
GROUNDS = [ground.as_ground() for ground in SETTINGS.measures.grounds_on(DAY)]
FOUR = [Category.CONTROL, Category.PROBATION, Category.PAROLE, Category.TEMPORARY]


@pytest.mark.parametrize(
    ("category", "gravest"),
    [
        (Category.CONTROL, [K.SECURITY_PENALTY]),
        (Category.PROBATION, [K.SECURITY_PENALTY, K.REVOKE_PROBATION]),
        (Category.PAROLE, [K.REVOKE_PAROLE]),
        (Category.TEMPORARY, [K.SECURITY_PENALTY, K.IMPRISON]),
    ],
)
def test_each_category_has_its_ladder(category: Category, gravest: list[MeasureKind]) -> None:
    assert list(open_to(category)) == [K.COMMENDATION, K.ADMONITION, K.WARNING, *gravest]


def test_who_is_not_of_the_four_knows_no_measure() -> None:
    assert [category for category in Category if not open_to(category)] == [category for category in Category if category not in FOUR]


@pytest.mark.parametrize("category", FOUR)
def test_the_settings_hold_a_ground_for_every_open_measure(category: Category) -> None:
    assert {ground.measure for ground in grounds_of(GROUNDS, category)} == set(open_to(category))


def test_every_ground_names_articles_that_the_settings_hold() -> None:
    articles = {article.key for article in SETTINGS.legal.articles}

    assert [ground.key for ground in SETTINGS.measures.grounds if set(ground.articles) - articles] == []


@pytest.mark.parametrize(
    ("category", "counts", "contact", "keys"),
    [
        (Category.PROBATION, {}, None, set()),
        (Category.PROBATION, {K.ADMONITION: 1}, None, set()),
        (Category.PROBATION, {K.ADMONITION: 2}, None, {"warning.admonished_twice"}),
        (Category.PROBATION, {K.WARNING: 2}, None, {"revoke_probation.warned_twice"}),
        (Category.PAROLE, {K.WARNING: 2}, None, {"revoke_parole.warned_twice"}),
        (Category.TEMPORARY, {K.WARNING: 2}, None, {"imprison.warned_twice"}),
        (Category.CONTROL, {K.WARNING: 2}, None, {"security_penalty.rules"}),
        (Category.PROBATION, {}, Contact.WITHIN_DAYS, {"admonition.off_supervision"}),
        (Category.PROBATION, {}, Contact.OVER_DAYS, {"warning.off_supervision"}),
        (Category.PROBATION, {}, Contact.OVER_MONTH, {"warning.off_supervision", "revoke_probation.off_supervision"}),
        (Category.TEMPORARY, {}, Contact.WITHIN_DAYS, {"admonition.off_supervision", "imprison.whereabouts_hidden"}),
    ],
)
def test_what_the_counts_bear_out(category: Category, counts: dict[MeasureKind, int], contact: Contact | None, keys: set[str]) -> None:
    assert fitting(GROUNDS, category, counts, contact, Terms()) == keys


@pytest.mark.parametrize(
    ("second", "roles"),
    [(Second.NONE, set()), (Second.OFFICE_HEAD, {Role.OFFICE_HEAD, Role.BUREAU}), (Second.BUREAU, {Role.BUREAU})],
)
def test_the_rank_of_the_second_officer(second: Second, roles: set[Role]) -> None:
    assert {role for role in Role if may_second(second, role)} == roles


def test_a_ground_stands_from_its_day_on() -> None:
    first = {"key": "warning.x", "measure": "warning", "text_zh": "一", "text_en": "one", "valid_from": date(2026, 1, 1)}
    settings = Measures(grounds=(GroundText(**first | {"valid_from": date(2026, 6, 1), "text_en": "two"}), GroundText(**first)))

    assert settings.ground("warning.x", date(2025, 12, 31)) is None
    assert [settings.ground("warning.x", day).text_en for day in (date(2026, 5, 31), date(2026, 6, 1))] == ["one", "two"]
    assert [ground.text_en for ground in settings.grounds_on(date(2026, 7, 1))] == ["two"]


def test_settings_that_do_not_hold_are_refused() -> None:
    given = {"key": "x", "text_zh": "一", "text_en": "one", "valid_from": DAY}
    with pytest.raises(ValidationError, match="not open to parole"):
        GroundText(**given, measure=K.SECURITY_PENALTY)
    with pytest.raises(ValidationError, match="where it was read"):
        GroundText(**given, measure=K.WARNING, verified=True)
    with pytest.raises(ValidationError, match="say who seconds"):
        Hands(valid_from=DAY, second={K.WARNING: Second.BUREAU})
