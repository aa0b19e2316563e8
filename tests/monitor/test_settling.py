"""What evidence says anew of two violations of one zone: of which one is in progress, whichever that is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from corrections.domain.model import FOREVER_US, Episode, Rule, from_us, to_us
from corrections.monitor.violations import settle
from corrections.store.database import writing
from corrections.store.tables import Subject, Violation
from tests.review.scene import DEADLINES, HOUR, NOW
from tests.review.scene import settle as settle_down


def episode(started: datetime, ended: datetime | None) -> Episode:
    last = to_us(ended or NOW)
    return Episode(
        Rule.BOUNDARY, 1, 0, to_us(started), to_us(started), None if ended is None else last, last, 0, FOREVER_US, 1.0, 500.0, 3
    )  # fmt: skip


def columns(told: Episode) -> dict[str, Any]:
    return {
        "severity": "medium", "zone_id": told.zone_id, "started_at": from_us(told.started_us), "opened_at": from_us(told.opened_us),
        "ended_at": None if told.ended_us is None else from_us(told.ended_us), "last_fix_at": from_us(told.last_us),
        "evidence": {"peak_distance_m": told.peak_distance_m}, "reason_zh": "在外", "reason_en": "outside",
    }  # fmt: skip


def derive(session: Session, *episodes: Episode) -> list[tuple[datetime, datetime | None, str]]:
    subject = session.get_one(Subject, 1)
    settle(session, subject, list(episodes), (Rule.BOUNDARY,), -FOREVER_US, FOREVER_US, columns, DEADLINES, NOW)
    found = session.exec(select(Violation).order_by(col(Violation.started_at))).all()
    return [(v.started_at, v.ended_at, v.review_state) for v in found]


def test_an_earlier_one_may_go_on_in_place_of_a_later_one(database: Engine) -> None:
    early, late = NOW - 9 * HOUR, NOW - 3 * HOUR
    with writing(database) as session:
        settle_down(session)
        derive(session, episode(early, early + HOUR), episode(late, None))

        assert derive(session, episode(early, None)) == [(early, None, "queued"), (late, None, "withdrawn")]


def test_one_that_was_taken_back_may_come_back_as_over_beside_one_that_goes_on(database: Engine) -> None:
    early, late = NOW - 9 * HOUR, NOW - 3 * HOUR
    with writing(database) as session:
        settle_down(session)
        derive(session, episode(early, early + HOUR), episode(late, None))
        assert [state for *_, state in derive(session, episode(early, None))] == ["queued", "withdrawn"]

        told = derive(session, episode(early, early + HOUR), episode(late, late + HOUR), episode(NOW - HOUR / 2, None))

    assert [(ended, state) for _, ended, state in told] == [(early + HOUR, "queued"), (late + HOUR, "queued"), (None, "queued")]


def test_what_ends_and_what_goes_on_change_places_in_one_step(database: Engine) -> None:
    early, late = NOW - 9 * HOUR, NOW - 3 * HOUR
    with writing(database) as session:
        settle_down(session)
        derive(session, episode(early, early + HOUR), episode(late, None))

        told = derive(session, episode(late, late + timedelta(hours=1)), episode(early, early + 2 * HOUR), episode(NOW - HOUR, None))

    assert [ended for _, ended, _ in told] == [early + 2 * HOUR, late + HOUR, None]
