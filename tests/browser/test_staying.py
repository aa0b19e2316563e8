"""A page that stays open all day: what happens elsewhere shows, what is typed is not lost, a connection drops and a log-in ends."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from sqlalchemy import delete
from sqlmodel import col

from corrections.store.credentials import hash_credential
from corrections.store.database import writing
from corrections.store.tables import LoginSession
from tests.browser.bureau import HOME, OUT, PASSWORD, SCHOOL, found_of
from tests.browser.conftest import People
from tests.browser.phone import report_a_breach
from tests.browser.service import Service
from tests.browser.steps import claim, form, history_of, link_to, state_of, unfold

WORDS = "He says that he was at the market"


def test_typed_text_survives_what_happens_elsewhere(people: People, own_desk: Service) -> None:
    violation = found_of(own_desk.engine, OUT)
    page, other = people("li", language="en"), people("head", language="en")
    page.goto(f"/console/violations/{violation}")
    unfold(page, "note")
    field = form(page, "note").locator("textarea")
    field.fill(WORDS)

    other.goto(f"/console/violations/{violation}")
    unfold(other, "note")
    form(other, "note").locator("textarea").fill("Seen at the market by the head")
    form(other, "note").get_by_role("button").click()

    expect(page.locator("#changed")).to_be_visible()
    expect(field).to_have_value(WORDS)
    expect(field).to_be_focused()
    page.locator("#changed").get_by_role("button").click()
    expect(page.locator("#history")).to_contain_text("Seen at the market by the head")
    expect(form(page, "note").locator("textarea")).to_have_value(WORDS)


def test_typed_text_is_there_again_after_a_reload_and_goes_once_it_was_taken(people: People, own_desk: Service) -> None:
    violation = found_of(own_desk.engine, OUT)
    page = people("li", language="en")
    page.goto(f"/console/violations/{violation}")
    unfold(page, "note")
    form(page, "note").locator("textarea").fill(WORDS)

    page.reload()
    expect(form(page, "note").locator("textarea")).to_have_value(WORDS)
    form(page, "note").get_by_role("button").click()
    expect(form(page, "note").locator("textarea")).to_have_value("")

    page.reload()
    expect(form(page, "note").locator("textarea")).to_have_value("")
    assert [said for kind, said in history_of(own_desk, violation) if kind == "noted"] == [WORDS]


def test_a_dropped_connection_comes_back_and_the_page_catches_up(people: People, own_desk: Service) -> None:
    page = people("li", language="en")
    page.goto("/console/queue")
    expect(page.locator("#connection")).to_be_hidden()
    people.allow("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE", "answer 5")

    own_desk.stop()
    expect(page.locator("#connection")).to_contain_text("connection is lost")
    own_desk.start()
    report_a_breach(own_desk, HOME)

    expect(page.locator("#connection")).to_be_hidden()
    expect(page.locator("main")).to_contain_text("Chen Er")


def test_a_form_that_cannot_be_sent_keeps_its_words(people: People, own_desk: Service) -> None:
    violation = found_of(own_desk.engine, OUT)
    page = people("li", language="en")
    page.goto(f"/console/violations/{violation}")
    unfold(page, "note")
    form(page, "note").locator("textarea").fill(WORDS)
    people.allow("ERR_INTERNET_DISCONNECTED", "htmx:sendError", "htmx:afterRequest")

    page.context.set_offline(True)
    form(page, "note").get_by_role("button").click()
    expect(page.locator("#connection")).to_contain_text("connection")
    expect(form(page, "note").locator("textarea")).to_have_value(WORDS)
    page.context.set_offline(False)
    expect(page.locator("#connection")).to_be_hidden()
    form(page, "note").get_by_role("button").click()

    expect(page.locator("main")).to_contain_text(WORDS)


def test_a_log_in_that_ends_loses_nothing(people: People, own_desk: Service) -> None:
    """The log-in is asked for over the page; then the form is sent as it was."""
    violation = found_of(own_desk.engine, SCHOOL)
    page = people("li", language="en")
    page.goto(f"/console/violations/{violation}")
    unfold(page, "note")
    form(page, "note").locator("textarea").fill(WORDS)
    people.allow("401")

    end_log_in(own_desk, "li")
    form(page, "note").get_by_role("button").click()
    log_in_again(page)

    expect(page.locator("#history")).to_contain_text(WORDS)
    assert [said for kind, said in history_of(own_desk, violation) if kind == "noted"] == [WORDS]
    claim(page)
    assert state_of(own_desk, violation) == ("claimed", None)


def end_log_in(service: Service, token: str) -> None:
    with writing(service.engine) as session:
        session.execute(delete(LoginSession).where(col(LoginSession.token_hash) == hash_credential(token)))


def log_in_again(page: Page) -> None:
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Your log-in has ended")
    dialog.locator("[name=login]").fill("li")
    dialog.locator("[name=password]").fill(PASSWORD)
    dialog.get_by_role("button").click()
    expect(dialog).to_have_count(0)


def test_a_new_violation_stands_in_the_queue_without_a_reload(people: People, own_desk: Service) -> None:
    """And not in that of whom it does not concern."""
    page, stranger = people("li", language="en"), people("zhao", language="en")
    for one in (page, stranger):
        one.goto("/console/queue")
        one.evaluate("window.notReloaded = true")

    report_a_breach(own_desk, HOME)

    expect(page.locator("main")).to_contain_text("Chen Er")
    assert page.evaluate("window.notReloaded")
    expect(link_to(page, found_of(own_desk.engine, HOME))).to_be_visible()
    expect(stranger.locator("main")).not_to_contain_text("Chen Er")
