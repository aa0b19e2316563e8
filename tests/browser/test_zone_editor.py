"""Editing a zone as an officer does: the hours of the week as rows that a drawing follows, and a trial that can be watched and stopped."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session

from corrections.monitor import trial
from tests.browser.conftest import People
from tests.browser.judging import accessibility

NIGHT = "1,2,3,4,5,6,7 22:00-06:00"
BARS = "all => all.map((bar) => ['x', 'y', 'width', 'height'].map((name) => Number(bar.getAttribute(name))))"


def bars(page: Page) -> list[list[float]]:
    drawn: list[list[float]] = page.locator("#week svg.sketch .spans rect").evaluate_all(BARS)
    return drawn


def edit(page: Page) -> Page:
    page.goto("/console/zones/2/edit")
    expect(page.get_by_role("button", name="Add a span")).to_be_visible()
    return page


def test_the_week_follows_its_rows_by_keyboard_and_stands_as_the_server_draws_it(onlookers: People) -> None:
    page = edit(onlookers("bureau", language="en"))
    assert [bar[2] for bar in bars(page)] == [624] * 7  # the school's, always

    page.get_by_role("button", name="Add a span").press("Enter")
    expect(page.locator(".span-row input").first).to_be_focused()
    assert page.locator("#windows").input_value() == NIGHT
    page.locator(".span-row").get_by_label("Sun").press("Space")
    page.locator(".span-row").get_by_label("to").fill("05:30")
    followed = bars(page)
    assert page.locator("#windows").input_value() == "1,2,3,4,5,6 22:00-05:30"
    expect(page.locator("#week svg.sketch")).to_have_attribute("aria-label", "The week: Mon, Tue, Wed, Thu, Fri, Sat 22:00–05:30")
    assert accessibility(page) == []

    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.locator("#checked")).to_be_visible()
    assert sorted(bars(page)) == sorted(followed)
    assert len(followed) == 12
    page.get_by_role("button", name="Remove").press("Enter")
    expect(page.get_by_role("button", name="Add a span")).to_be_focused()
    assert page.locator("#windows").input_value() == ""


def test_a_span_without_a_day_is_not_sent(onlookers: People) -> None:
    page = edit(onlookers("bureau", language="en"))
    page.get_by_role("button", name="Add a span").click()
    for box in page.locator(".span-row [data-day]").all():
        box.uncheck()

    page.get_by_role("button", name="Check", exact=True).click()

    assert page.locator(".span-row [data-day]").first.evaluate("box => box.validationMessage") == "Choose a day at least."
    expect(page.locator("#checked")).to_have_count(0)


def test_without_scripts_windows_are_lines_of_text(onlookers: People) -> None:
    page = onlookers("bureau", language="en", java_script_enabled=False)
    page.goto("/console/zones/2/edit")

    page.locator("#windows").fill(NIGHT)
    page.get_by_role("button", name="Check", exact=True).click()

    expect(page.locator("#checked")).to_be_visible()
    expect(page.locator("#windows")).to_have_value(NIGHT)
    assert len(bars(page)) == 14


def test_a_trial_says_how_far_it_is_and_what_would_change(onlookers: People) -> None:
    page = edit(onlookers("bureau", language="en"))

    page.get_by_role("button", name="Try it over").click()

    expect(page.locator("#tried")).to_be_focused()
    expect(page.locator("#trial-said")).to_have_text("The trial is done.")
    expect(page.locator("#working")).to_be_hidden()


def test_a_trial_is_stopped_here_and_at_the_service(onlookers: People, monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[int] = []
    go_on = threading.Event()

    def judge(_session: Session, chunk: Mapping[int, str], *_rest: Any) -> None:
        judged.extend(chunk)
        assert len(judged) < 3 or go_on.wait(20)

    monkeypatch.setattr(trial, "AT_ONCE", 1)
    monkeypatch.setattr(trial, "_try_chunk", judge)
    page = edit(onlookers("bureau", language="en"))

    page.get_by_role("button", name="Try it over").click()
    expect(page.locator("#how-far")).to_have_text(re.compile(r"^2 of 12 subjects judged"))
    expect(page.get_by_role("button", name="Publish")).to_be_disabled()
    assert accessibility(page) == []
    page.get_by_role("button", name="Stop").press("Enter")

    expect(page.locator("#trial-said")).to_have_text("The trial was stopped.")
    expect(page.get_by_role("button", name="Try it over")).to_be_focused()
    expect(page.get_by_role("button", name="Publish")).to_be_enabled()
    page.wait_for_timeout(300)  # until the service has heard that the browser is gone
    go_on.set()
    page.wait_for_timeout(300)
    assert len(judged) == 3
