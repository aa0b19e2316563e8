"""The steps of a review, on the page of a violation."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect
from sqlmodel import col, select

from corrections.store.database import reading
from corrections.store.tables import ReviewEvent, Violation
from tests.browser.service import Service


def form(page: Page, step: str) -> Locator:
    return page.locator(f'main form[action*="/{step}"]')


def link_to(page: Page, violation_id: int) -> Locator:
    return page.locator(f'main a[href^="/console/violations/{violation_id}"]').first


def unfold(page: Page, step: str) -> None:
    """Open what the form of a step is folded into, where it is."""
    if not form(page, step).is_visible():
        page.locator("main details", has=page.locator(f'form[action*="/{step}"]')).locator("summary").first.click()


def claim(page: Page) -> None:
    with page.expect_response(re.compile("/claim")) as answer:
        form(page, "claim").get_by_role("button").click()
    assert answer.value.status in (200, 303)
    expect(form(page, "claim")).to_have_count(0)


def decide(page: Page, decision: str, reason: str, cause: str = "") -> None:
    unfold(page, "decide")
    there = form(page, "decide")
    there.locator(f"input[value={decision}]").check()
    if cause:
        there.locator("[name=cause]").select_option(cause)
    there.locator("[name=reason]").fill(reason)
    with page.expect_response(re.compile("/decide")) as answer:
        there.get_by_role("button").last.click()
    assert answer.value.status in (200, 303)
    expect(form(page, "decide")).to_have_count(0)


def state_of(service: Service, violation_id: int) -> tuple[str, str | None]:
    with reading(service.engine) as session:
        found = session.get_one(Violation, violation_id)
        return found.review_state, found.decision


def history_of(service: Service, violation_id: int) -> list[tuple[str, str]]:
    """The steps of a violation, and what was said in each."""
    with reading(service.engine) as session:
        found = session.exec(select(ReviewEvent).where(ReviewEvent.violation_id == violation_id).order_by(col(ReviewEvent.id)))
        return [(event.kind, str(event.content.get("text", ""))) for event in found]
