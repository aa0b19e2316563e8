"""Work in a real browser: a report becomes a violation, is taken in hand and decided."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import People


def test_the_queue_opens(onlookers: People) -> None:
    page = onlookers("li", language="en")

    page.goto("/console/queue")

    expect(page.locator("h1")).to_have_text("Queue")
