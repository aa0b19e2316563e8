"""Two officers, or an officer and the monitor, who act on one violation at once: one wins, the other is told who was first."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from corrections.domain.model import Decision
from corrections.errors import Conflict
from corrections.review import queue, reviewing
from corrections.store.database import open_database, reading, writing
from corrections.store.tables import ReviewEvent, Violation
from tests.review.scene import DEADLINES, HOUR, NOW, a_violation, an_actor, settle


@pytest.fixture
def waiting(database: Engine) -> Engine:
    """A violation (1) of liming's that waits."""
    with writing(database) as session:
        a_violation(session, settle(session))
    return database


def at_once(database: Engine, *steps: Callable[..., Any]) -> list[Exception | None]:
    """Each step in its own thread and unit of work, started together; the Conflict that each ended with, or None."""
    barrier, outcomes = Barrier(len(steps)), [None] * len(steps)

    def run(index: int, step: Callable[..., Any]) -> None:
        barrier.wait()
        try:
            with writing(database) as session:
                step(session)
        except Conflict as conflict:
            outcomes[index] = conflict

    threads = [Thread(target=run, args=pair) for pair in enumerate(steps)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def decide_as(login: str, decision: Decision) -> Callable[..., Any]:
    return lambda session: reviewing.decide(
        session, an_actor(session, login), 1, revision=1, decision=decision, reason="核实", now=NOW + HOUR
    )


def test_of_two_who_decide_at_once_exactly_one_wins(waiting: Engine) -> None:
    rivals = {"head": Decision.CONFIRMED, "bureau": Decision.REASONABLE_EXCUSE}

    outcomes = at_once(waiting, *[decide_as(login, decision) for login, decision in rivals.items()])

    lost = [outcome for outcome in outcomes if outcome is not None]
    assert len(lost) == 1
    with reading(waiting) as session:
        violation = session.get_one(Violation, 1)
        winner = list(rivals)[outcomes.index(None)]
        assert (violation.decision, violation.revision) == (rivals[winner], 2)
        assert len(session.exec(select(ReviewEvent).where(col(ReviewEvent.kind) == "decided")).all()) == 1
    assert lost[0].en == (
        f"{winner}名 was first (decided, 2026-03-02 10:00). It is decided now, revision 2: look at it again before you go on."
    )
    assert lost[0].zh == f"{winner}名已先行操作（办结，2026-03-02 10:00）。现状态：已办结，第 2 版。请刷新后再操作。"


def test_of_many_who_claim_at_once_exactly_one_wins(waiting: Engine) -> None:
    def claim_as(login: str) -> Callable[..., Any]:
        return lambda session: reviewing.claim(session, an_actor(session, login), 1, revision=1, deadlines=DEADLINES, now=NOW)

    outcomes = at_once(waiting, *[claim_as(login) for login in ("liming", "wangfang", "head", "bureau")])

    assert outcomes.count(None) == 1


def test_who_read_before_the_other_committed_is_refused_by_the_write_itself(postgresql_url: str) -> None:
    engine = open_database(postgresql_url)
    with writing(engine) as session:
        a_violation(session, settle(session))

    with writing(engine) as session:
        session.get_one(Violation, 1)  # as it was before
        with writing(engine) as other:
            decide_as("bureau", Decision.CONFIRMED)(other)
        with pytest.raises(Conflict, match="bureau名 was first"):
            decide_as("head", Decision.REASONABLE_EXCUSE)(session)
    engine.dispose()


def test_a_decision_and_later_evidence_at_once_lose_neither(waiting: Engine) -> None:
    def revise(session: Any) -> None:
        queue.revise(session, session.get_one(Violation, 1), {"ended_at": NOW}, NOW + HOUR, note="ended")

    outcomes = at_once(waiting, decide_as("head", Decision.CONFIRMED), revise)

    with reading(waiting) as session:
        violation = session.get_one(Violation, 1)
        assert violation.ended_at == NOW
        if outcomes[0] is None:  # decided first: the revision marked it
            assert (violation.review_state, violation.new_evidence, violation.revision) == ("decided", True, 3)
        else:  # revised first: the decision was refused, for it had not seen that
            assert (violation.review_state, violation.revision) == ("queued", 2)
            assert outcomes[0].en.startswith("The service was first (revised, 2026-03-02 10:00). It is waiting now, revision 2")


def test_a_step_from_a_page_that_is_out_of_date_is_refused(waiting: Engine) -> None:
    with writing(waiting) as session:
        reviewing.note(session, an_actor(session, "head"), 1, revision=1, text="请尽快", deadlines=DEADLINES, now=NOW)

    with writing(waiting) as session, pytest.raises(Conflict) as refusal:
        reviewing.claim(session, an_actor(session, "liming"), 1, revision=1, deadlines=DEADLINES, now=NOW)

    assert (refusal.value.field, refusal.value.zh) == (
        "revision",
        "head名已先行操作（备注，2026-03-02 09:00）。现状态：待核查，第 2 版。请刷新后再操作。",
    )
