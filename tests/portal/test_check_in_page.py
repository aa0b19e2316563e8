"""Checking in by the page: what it shows while it is asked, and once it is over."""

from __future__ import annotations

from datetime import timedelta

import pytest

from corrections.records import check_ins
from corrections.store.database import writing
from corrections.store.tables import Subject
from tests.portal.phone import SECRETS, SETTINGS, Phone
from tests.review.scene import NOW

MINUTE = timedelta(minutes=1)
PLACE = {"lat": 30.05, "lon": 120.05, "accuracy_m": 25.0, "measured_at": NOW.isoformat(), "sent_at": NOW.isoformat()}


def asked(phone: Phone, subject_id: int = 1) -> str:
    """The token of a check-in that may be answered for half an hour."""
    with writing(phone.engine) as session:
        return check_ins.ask_for(session, session.get_one(Subject, subject_id), SETTINGS, NOW, minutes=30)[1]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_has_one_button_and_tells_nothing_of_her(phone: Phone, language: str) -> None:
    answer = phone.get(f"/c/{asked(phone)}", None, language=language)

    assert answer.status_code == 200
    assert answer.text.count("<button id=") == 1
    assert ("今天 09:30" if language == "zh" else "today 09:30") in answer.text
    assert "geolocation=(self)" in answer.headers["permissions-policy"]
    for secret in (*SECRETS, "对象S1", "S1", "司法所"):
        assert secret not in answer.text


def test_home_offers_it_for_as_long_as_it_stands(phone: Phone) -> None:
    token = asked(phone)

    assert f'href="/c/{token}"' in phone.get("/me").text
    assert phone.api("GET", "/own").json()["check_in"]["token"] == token
    assert token not in phone.get("/me", "own-2").text

    phone.clock.advance(31 * MINUTE)
    assert token not in phone.get("/me").text
    assert phone.api("GET", "/own").json()["check_in"] is None


def test_what_is_over_says_so(phone: Phone) -> None:
    token = asked(phone)

    phone.clock.advance(30 * MINUTE)
    late = phone.get(f"/c/{token}", None)
    assert late.status_code == 409
    assert "截止" in late.text
    assert "<button id=" not in late.text


def test_an_unknown_link_says_so_and_many_make_their_address_wait(small_phone: Phone) -> None:
    token = asked(small_phone)
    codes = [small_phone.get("/c/guess", None).status_code for _ in range(SETTINGS.portal.wrong_links + 1)]

    assert codes == [404] * SETTINGS.portal.wrong_links + [429]
    assert small_phone.get(f"/c/{token}", None).status_code == 429
