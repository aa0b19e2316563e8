"""The evidence of a violation as it is read: the curve of certainty fix by fix, with the map beside it, whichever way one came there."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.bureau import OUT, SCHOOL, found_of
from tests.browser.conftest import People
from tests.browser.judging import accessibility
from tests.browser.service import Service


def the_curve(page: Page) -> None:
    expect(page.locator("#evidence-map .ol-viewport")).to_be_visible()
    expect(page.locator("figure.plain-map")).to_be_hidden()


def test_the_curve_is_read_fix_by_fix_by_keyboard(onlookers: People, desk: Service) -> None:
    page = onlookers("li", language="en")
    page.goto(f"/console/violations/{found_of(desk.engine, OUT)}")
    the_curve(page)
    slider, reading = page.get_by_role("slider"), page.locator("[data-reading]")
    page.evaluate("document.addEventListener('fix-chosen', (event) => { window.chosen = event.detail.place; })")

    slider.focus()
    page.keyboard.press("Home")
    page.keyboard.press("Home")
    first = reading.inner_text()
    page.keyboard.press("ArrowRight")
    second = reading.inner_text()

    assert re.fullmatch(r"03-04 08:50:14 · 1\.4 km outside · accuracy ± \d+ m · certainty 3\d%", first)
    assert second.startswith("03-04 09:00:14")
    expect(slider).to_have_attribute("aria-valuetext", second)
    expect(slider).to_have_attribute("aria-valuenow", "2")
    assert page.evaluate("window.chosen.length") == 3
    assert accessibility(page) == []


def test_the_curve_follows_the_mouse_and_is_there_again_beside_another(onlookers: People, desk: Service) -> None:
    page = onlookers("li", language="en")
    page.goto(f"/console/violations/{found_of(desk.engine, SCHOOL)}")
    the_curve(page)
    page.locator(f'#list a[data-violation="{found_of(desk.engine, OUT)}"]').click()
    page.wait_for_url(f"**/console/violations/{found_of(desk.engine, OUT)}?*")
    the_curve(page)

    page.locator("figure.course svg.sketch").hover(position={"x": 5, "y": 40})

    expect(page.locator("[data-reading]")).to_contain_text("03-04 08:50:14")
    page.get_by_role("button", name="The next fix").click()
    expect(page.locator("[data-reading]")).to_contain_text("03-04 09:00:14")
