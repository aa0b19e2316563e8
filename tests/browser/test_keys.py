"""The keyboard alone, which is how whoever decides fifty violations a morning works."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import People
from tests.browser.judging import accessibility


def test_two_keys_lead_from_page_to_page(onlookers: People) -> None:
    page = onlookers("li", language="en")
    page.goto("/console/")

    page.keyboard.press("g")
    page.keyboard.press("q")
    page.wait_for_url("**/console/queue")

    page.keyboard.press("g")
    page.keyboard.press("s")
    page.wait_for_url("**/console/subjects")


def test_the_keys_of_a_page_are_listed_where_one_stands(onlookers: People) -> None:
    page = onlookers("li", language="en")
    page.goto("/console/queue")

    page.keyboard.press("?")
    dialog = page.get_by_role("dialog")

    expect(dialog).to_contain_text("Search")
    expect(dialog.locator("kbd").filter(has_text="g q")).to_be_visible()
    assert accessibility(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_a_key_leads_into_the_search_and_escape_out_of_it(onlookers: People) -> None:
    page = onlookers("li", language="en")
    page.goto("/console/queue")
    field = page.get_by_role("searchbox").first

    page.keyboard.press("/")
    expect(field).to_be_focused()
    page.keyboard.type("gq?")
    expect(field).to_have_value("gq?")
    page.keyboard.press("Escape")
    expect(field).not_to_be_focused()


def test_the_first_stop_of_a_page_skips_to_its_content(onlookers: People) -> None:
    page = onlookers("li", language="en")
    page.goto("/console/queue")

    page.keyboard.press("Tab")
    expect(page.locator("a.skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
