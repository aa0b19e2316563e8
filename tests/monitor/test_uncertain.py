"""An alarm that cannot be sure asks: between "fine" and "violation" stands "cannot tell"."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import select

from corrections.domain.model import AskReason, Side
from corrections.store.database import reading
from corrections.store.tables import FixRequest, SubjectState
from tests.monitor.conftest import NOW, District

MINUTE = timedelta(minutes=1)
START = NOW - 60 * MINUTE
AT_THE_EDGE = [4_980.0, 5_015.0, 4_990.0, 5_020.0, 5_005.0]


def at_the_edge(district: District) -> None:
    district.store([district.report(0, START + i * 10 * MINUTE, east, accuracy_m=90.0) for i, east in enumerate(AT_THE_EDGE)])
    district.evaluate(START + 45 * MINUTE)


def state_and_requests(district: District) -> tuple[SubjectState, list[FixRequest]]:
    with reading(district.engine) as session:
        state, requests = session.exec(select(SubjectState)).one(), session.exec(select(FixRequest)).all()
        session.expunge_all()
    return state, list(requests)


def test_at_the_edge_nobody_is_accused_and_a_fresh_fix_is_asked_for(district: District) -> None:
    at_the_edge(district)

    state, (request,) = state_and_requests(district)
    assert district.violations() == []
    assert state.side == Side.UNKNOWN
    assert state.uncertain_since is not None
    assert state.certainty is not None
    assert 0.2 < state.certainty < 0.92
    assert (request.reason, request.answered_at) == (AskReason.UNCERTAIN, None)


def test_a_fix_that_settles_it_answers_and_ends_the_doubt(district: District) -> None:
    at_the_edge(district)

    settled = [district.report(0, START + (50 + i) * MINUTE, 3_000.0 + i, accuracy_m=8.0) for i in (0, 5)]
    district.store(settled)
    district.evaluate(NOW)

    state, (request,) = state_and_requests(district)
    assert (state.side, state.uncertain_since) == (Side.RIGHT, None)
    assert request.answered_at == START + 50 * MINUTE


def test_who_is_surely_inside_is_left_in_peace(district: District) -> None:
    district.store(district.walk(0, START, [0.0, 5.0, 3.0, 8.0]))

    district.evaluate(NOW)

    state, requests = state_and_requests(district)
    assert (state.side, state.uncertain_since, requests) == (Side.RIGHT, None, [])
