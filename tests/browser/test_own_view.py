"""A subject's own view on a phone: her link opens it, she reads her rules and data, and asks for leave."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from sqlmodel import col, select

from corrections import clock
from corrections.records import own
from corrections.store.database import reading, writing
from corrections.store.tables import LeaveRequest
from tests.browser.bureau import HOME, SETTINGS
from tests.browser.conftest import People
from tests.browser.service import Service


def test_her_link_opens_her_view_and_leaves_the_address_bar(people: People, own_desk: Service) -> None:
    with writing(own_desk.engine) as session:
        token = own.make_link(session, None, HOME, SETTINGS.portal, clock.now(), keep_others=True)[1]
    page = people(None, own=True)
    page.context.clear_cookies()

    page.goto(f"/me/{token}")

    assert page.url.endswith("/me")
    expect(page.locator("body")).to_contain_text("Chen Er")
    fits(page)
    for name in ("我的规定", "我的信息", "核查的事"):
        page.get_by_role("link", name=name).click()
        expect(page.locator("h1")).to_contain_text(name)
        fits(page)
        page.goto("/me")


def test_she_asks_for_leave(people: People, own_desk: Service) -> None:
    page = people(None, own=True, language="en")
    page.goto("/me/leave")
    page.get_by_role("link", name="Ask for leave").click()

    page.get_by_label("Where to?").fill("Benxi, Pingshan district")
    page.locator("input[name=reason]").first.check()
    page.get_by_label("When do you leave?").fill("2026-03-09T08:00")
    page.get_by_label("When will you be back?").fill("2026-03-10T20:00")
    page.get_by_role("button", name="Send").click()

    expect(page.locator("main")).to_contain_text("Benxi, Pingshan district")
    fits(page)
    with reading(own_desk.engine) as session:
        newest = session.exec(select(LeaveRequest).order_by(col(LeaveRequest.id).desc())).first()
        assert newest is not None
        assert (newest.subject_id, newest.destination, newest.state) == (HOME, "Benxi, Pingshan district", "requested")


def test_her_data_can_be_taken_along(people: People) -> None:
    page = people(None, own=True)
    page.goto("/me/data")

    with page.expect_download() as download:
        page.locator('a[href="/me/positions.csv"]').click()

    assert download.value.suggested_filename.endswith(".csv")


def fits(page: Page) -> None:
    """Nothing has to be pushed sideways."""
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
