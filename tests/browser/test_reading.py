"""Reading in other ways: in the other language, on paper, with a purpose said or not."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.bureau import OUT, UNSAID, found_of
from tests.browser.conftest import People
from tests.browser.service import Service


def test_the_language_is_switched_where_one_stands(people: People) -> None:
    page = people("li")
    page.goto("/console/queue?tab=office")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")

    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert page.url.endswith("/console/queue?tab=office")
    expect(page.locator("h1")).to_have_text("Queue")

    page.get_by_role("button", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")


def test_a_violation_is_printed_without_what_only_a_screen_needs(people: People, own_desk: Service) -> None:
    page = people("li")
    page.goto(f"/console/violations/{found_of(own_desk.engine, OUT)}")

    page.emulate_media(media="print")

    for needless in ("nav.rail", "header.top", "main form", "#connection"):
        assert not page.locator(needless).locator("visible=true").count(), needless
    expect(page.locator("main")).to_contain_text("Li Na")
    expect(page.locator("main h1, main h2").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_purpose_said_once_shows_the_places(people: People, own_desk: Service) -> None:
    page = people("li" + UNSAID, language="en")
    page.goto(f"/console/violations/{found_of(own_desk.engine, OUT)}")
    expect(page.locator("main")).not_to_contain_text("122.7")

    page.locator("main form.purpose input[name=purpose]").fill("Regular supervision")
    page.locator("main form.purpose").get_by_role("button").click()

    expect(page.locator("main form.purpose")).to_have_count(0)
    expect(page.locator("main")).to_contain_text("122.7")
