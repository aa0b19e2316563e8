"""A report becomes a violation, is taken in hand and decided: by mouse, by keys alone, without scripts, by two officers at once."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.bureau import HOME, OUT, SCHOOL, found_of
from tests.browser.conftest import People
from tests.browser.phone import report_a_breach
from tests.browser.service import Service
from tests.browser.steps import claim, decide, form, link_to, state_of, unfold

DRIFT = "A tower far away; she was seen at work"


def test_from_a_report_to_the_decision_by_mouse(people: People, own_desk: Service) -> None:
    page = people("li", language="en")
    page.goto("/console/queue")
    expect(page.locator("main")).not_to_contain_text("Chen Er")

    report_a_breach(own_desk, HOME)
    expect(page.locator("main")).to_contain_text("Chen Er")
    violation = found_of(own_desk.engine, HOME)
    link_to(page, violation).click()
    claim(page)
    decide(page, "confirmed", "Admitted by phone")

    assert state_of(own_desk, violation) == ("decided", "confirmed")
    page.goto("/console/queue?tab=decided")
    expect(link_to(page, violation)).to_be_visible()


def test_a_violation_is_decided_without_scripts(people: People, own_desk: Service) -> None:
    page = people("li", java_script_enabled=False)
    violation = found_of(own_desk.engine, SCHOOL)

    page.goto("/console/queue")
    link_to(page, violation).click()
    claim(page)
    decide(page, "false_alarm", DRIFT, cause="position_error")

    assert state_of(own_desk, violation) == ("decided", "false_alarm")


def test_two_officers_at_once(people: People, own_desk: Service) -> None:
    """The second is told who was first, and keeps her words."""
    violation = found_of(own_desk.engine, OUT)
    first, second = people("li", language="en"), people("head", language="en")
    for page in (first, second):
        page.goto(f"/console/violations/{violation}")
    unfold(second, "decide")
    form(second, "decide").locator("[name=reason]").fill(DRIFT)

    claim(first)
    decide(first, "confirmed", "Admitted by phone")
    people.allow("409")
    form(second, "decide").locator("input[value=false_alarm]").check()
    form(second, "decide").locator("[name=cause]").select_option("position_error")
    with second.expect_response(re.compile("/decide")) as answer:
        form(second, "decide").get_by_role("button").last.click()

    assert answer.value.status == 409
    expect(second.locator("[role=alert]").first).to_contain_text("Li Ming")
    assert DRIFT in second.eval_on_selector_all("main textarea", "all => all.map((one) => one.value)")
    assert state_of(own_desk, violation) == ("decided", "confirmed")


def test_from_a_report_to_the_decision_by_keyboard_alone(people: People, own_desk: Service) -> None:
    page = people("li", language="en")
    page.goto("/console/queue")
    report_a_breach(own_desk, HOME)
    expect(page.locator("main")).to_contain_text("Chen Er")
    violation = found_of(own_desk.engine, HOME)
    keys = page.keyboard

    while f"/violations/{violation}" not in page.url:
        before = page.url
        keys.press("j")
        page.wait_for_url(lambda url, before=before: url != before)
    expect(page.locator("#violation")).to_contain_text("Chen Er")
    keys.press("c")
    expect(form(page, "claim")).to_have_count(0)
    keys.press("d")
    expect(form(page, "decide").locator("input[name=decision]").first).to_be_focused()
    keys.press("Space")
    expect(form(page, "decide").locator("input[value=confirmed]")).to_be_checked()
    keys.press("Tab")
    keys.press("Tab")
    expect(form(page, "decide").locator("[name=reason]")).to_be_focused()
    keys.type("Admitted by phone")
    keys.press("Tab")
    keys.press("Enter")

    expect(form(page, "decide")).to_have_count(0)
    assert state_of(own_desk, violation) == ("decided", "confirmed")
