"""A claim is a lease: each step of her who holds it makes it last anew, and one that lies comes back to its owner."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from corrections.review import reviewing
from corrections.review.escalation import release_expired
from corrections.review.reviewing import Answer, Means
from corrections.store.database import writing
from corrections.store.tables import Notice, Violation
from tests.review.scene import DEADLINES, HOUR, NOW, SETTINGS, a_violation, an_actor, forget_notices, last_event, settle

LASTS = timedelta(minutes=SETTINGS.queue.claim_minutes)
INSTANT = timedelta(microseconds=1)
TERMS = {"deadlines": DEADLINES, "now": NOW + HOUR}


def claimed(session: Session, login: str = "wangfang") -> Violation:
    """A violation of liming's, claimed at NOW."""
    a_violation(session, settle(session))
    violation = reviewing.claim(session, an_actor(session, login), 1, revision=1, deadlines=DEADLINES, now=NOW)
    forget_notices(session)
    return violation


STEPS: list[tuple[str, Callable[..., Violation]]] = [
    ("claim", lambda session, who: reviewing.claim(session, who, 1, revision=2, **TERMS)),
    ("note", lambda session, who: reviewing.note(session, who, 1, revision=2, text="已看", **TERMS)),
    (
        "contact",
        lambda session, who: reviewing.contact(
            session, who, 1, revision=2, means=Means.PHONE, whom="本人", answer=Answer.REACHED, text="在家", **TERMS
        ),
    ),
]


@pytest.mark.parametrize(("_", "step"), STEPS, ids=[name for name, _ in STEPS])
def test_each_step_of_hers_makes_it_last_anew(database: Engine, _: str, step: Callable[..., Violation]) -> None:
    with writing(database) as session:
        violation = claimed(session)
        assert violation.claimed_until == NOW + LASTS

        step(session, an_actor(session, "wangfang"))

        assert violation.claimed_until == NOW + HOUR + LASTS


def test_a_step_of_somebody_else_does_not(database: Engine) -> None:
    with writing(database) as session:
        violation = claimed(session)

        reviewing.note(session, an_actor(session, "head"), 1, revision=2, text="请尽快", **TERMS)

        assert violation.claimed_until == NOW + LASTS


def test_one_that_lies_comes_back_to_its_owner_who_is_told(database: Engine) -> None:
    with writing(database) as session:
        violation = claimed(session)
        ran_out = NOW + LASTS
        assert release_expired(session, SETTINGS, ran_out - INSTANT) == 0

        assert release_expired(session, SETTINGS, ran_out + 8 * HOUR) == 1

        assert (violation.review_state, violation.claimed_by, violation.claimed_until, violation.officer_id) == ("queued", None, None, 1)
        event = last_event(session, violation)
        assert (event.kind, event.at, event.officer_id) == ("released", ran_out, None)
        assert event.content == {"from": 2, "to": 1, "ran_out": True}
        assert [(n.officer_id, n.kind, n.at) for n in session.exec(select(Notice))] == [(1, "assigned", ran_out)]
        assert release_expired(session, SETTINGS, ran_out + 8 * HOUR) == 0


def test_a_colleague_may_take_it_over_the_moment_it_has_run_out(database: Engine) -> None:
    with writing(database) as session:
        violation = claimed(session)

        reviewing.claim(session, an_actor(session, "head"), 1, revision=2, deadlines=DEADLINES, now=NOW + LASTS)

        assert (violation.claimed_by, violation.claimed_until) == (3, NOW + 2 * LASTS)
