"""Wishes for a fresh fix: one at a time, not too often, answered by what was measured since, over by themselves."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from corrections.domain.model import AskReason
from corrections.monitor.asking import ask, ask_where_uncertain
from corrections.settings import Asking, Rules, Settings
from corrections.store.database import reading, writing
from corrections.store.tables import FixRequest, SubjectState
from tests.monitor.conftest import NOW, District, add_subject

MINUTE = timedelta(minutes=1)


def wish(district: District, now: datetime, reason: AskReason = AskReason.UNCERTAIN, subject: int = 0) -> bool:
    with writing(district.engine) as session:
        by = district.officer_id if reason is AskReason.OFFICER else None
        return ask(session, district.subjects[subject], reason, now, settings=district.settings, asked_by=by) is not None


def heard(district: District, at: datetime, east_m: float | None = 0.0, received_at: datetime | None = None, **more: Any) -> None:
    district.store([district.report(0, at, east_m, received_at=received_at, **more)])
    district.evaluate(received_at or at)


def requests(district: District) -> list[FixRequest]:
    with reading(district.engine) as session:
        found = list(session.exec(select(FixRequest).order_by(col(FixRequest.id))))
        session.expunge_all()
        return found


def test_a_wish_is_stored_with_its_end(district: District) -> None:
    assert wish(district, NOW)

    (request,) = requests(district)
    assert (request.reason, request.asked_at, request.asked_by) == (AskReason.UNCERTAIN, NOW, None)
    assert (request.expires_at, request.told_at, request.answered_at) == (NOW + 60 * MINUTE, None, None)


def test_while_one_is_open_there_is_no_second(district: District) -> None:
    wish(district, NOW)

    assert not wish(district, NOW + 59 * MINUTE)
    assert not wish(district, NOW + 59 * MINUTE, AskReason.OFFICER)
    assert wish(district, NOW + 60 * MINUTE)


def test_the_service_asks_only_so_often_and_an_officer_when_she_needs_to(district: District) -> None:
    wish(district, NOW)
    heard(district, NOW + MINUTE)

    assert not wish(district, NOW + 29 * MINUTE)
    assert wish(district, NOW + 29 * MINUTE, AskReason.OFFICER)
    heard(district, NOW + 30 * MINUTE)
    assert not wish(district, NOW + 58 * MINUTE)
    assert wish(district, NOW + 59 * MINUTE)


def test_a_fix_that_was_measured_since_answers(district: District) -> None:
    wish(district, NOW)

    heard(district, NOW + MINUTE, received_at=NOW + 3 * MINUTE)

    assert [r.answered_at for r in requests(district)] == [NOW + 3 * MINUTE]


@pytest.mark.parametrize(
    "report",
    [
        {"at": NOW - MINUTE, "received_at": NOW + MINUTE},  # buffered
        {"at": NOW + MINUTE, "east_m": None},
        {"at": NOW + MINUTE, "mock": True},
    ],
)
def test_an_older_fix_a_sign_of_life_or_a_fake_does_not(district: District, report: dict[str, Any]) -> None:
    wish(district, NOW)

    heard(district, **report)

    assert [r.answered_at for r in requests(district)] == [None]


def test_a_fix_of_another_subject_does_not_answer(district: District) -> None:
    with writing(district.engine) as session:
        add_subject(session, district, "S1", NOW - timedelta(days=5))
    wish(district, NOW, subject=1)

    heard(district, NOW + MINUTE)

    assert [r.answered_at for r in requests(district)] == [None]


def test_where_one_cannot_tell_for_some_minutes_a_fix_is_asked_for(district: District) -> None:
    with writing(district.engine) as session:
        for i in range(1, 4):
            add_subject(session, district, f"S{i}", NOW - timedelta(days=5))
    since = [None, NOW - 11 * MINUTE, NOW - 10 * MINUTE, NOW - 9 * MINUTE]
    with writing(district.engine) as session:
        states = [session.get_one(SubjectState, subject) for subject in district.subjects]
        for state, moment in zip(states, since, strict=True):
            state.uncertain_since = moment

        asked = ask_where_uncertain(session, states, district.settings, NOW)
        again = ask_where_uncertain(session, states, district.settings, NOW)

    assert (asked, again) == (2, 0)
    assert [r.subject_id for r in requests(district)] == district.subjects[1:3]


def test_how_often_is_the_bureaus_to_set(district: District) -> None:
    district.settings = Settings(rules=Rules(asking=Asking(expires_minutes=5, apart_minutes=2)))
    wish(district, NOW)
    assert not wish(district, NOW + 4 * MINUTE)
    assert wish(district, NOW + 5 * MINUTE)
    heard(district, NOW + 6 * MINUTE)
    assert wish(district, NOW + 7 * MINUTE)
