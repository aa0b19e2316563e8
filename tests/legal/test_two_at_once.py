"""Two officers who start, end, open or close the same thing at once: one does it, the other is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, func, select

from corrections.domain.casework import ClockKind, SearchOutcome
from corrections.monitor.terms import end_terms_due, terms_due
from corrections.records import clocks, searches
from corrections.settings import Settings
from corrections.store.database import reading, writing
from corrections.store.tables import AuditEvent, LegalClock, Notice, SearchCase, Subject
from tests.review.scene import HOUR, NOW, an_actor, settle
from tests.review.test_two_at_once import at_once

SETTINGS = Settings()
LOGINS = ("liming", "head")
Step = Callable[[Session, str], Any]


def start(session: Session, login: str) -> None:
    terms = {"kind": ClockKind.OUT_OF_CONTACT, "starts_at": NOW, "basis": "失联", "settings": SETTINGS, "now": NOW}
    clocks.start_clock(session, an_actor(session, login), 1, **terms)


def end(session: Session, login: str) -> None:
    clocks.end_clock(session, an_actor(session, login), 1, note="找到", now=NOW + HOUR)


def open_(session: Session, login: str) -> None:
    searches.open_search(session, an_actor(session, login), 1, reason="失联", clock_from=NOW, settings=SETTINGS, now=NOW)


def close(session: Session, login: str) -> None:
    terms = {"outcome": SearchOutcome.NOT_FOUND, "note": "未果", "settings": SETTINGS, "now": NOW + HOUR}
    searches.close_search(session, an_actor(session, login), 1, **terms)


@pytest.mark.parametrize(("before", "step", "audited"), [
    (None, start, "clock.start"), (start, end, "clock.end"), (None, open_, "search.open"), (open_, close, "search.close"),
])  # fmt: skip
def test_of_two_at_once_one_is_first(database: Engine, before: Step | None, step: Step, audited: str) -> None:
    with writing(database) as session:
        settle(session)
        if before is not None:
            before(session, "liming")

    outcomes = at_once(database, *[lambda session, login=login: step(session, login) for login in LOGINS])

    assert [outcome is None for outcome in outcomes].count(True) == 1
    with reading(database) as session:
        assert session.exec(select(func.count()).select_from(AuditEvent).where(AuditEvent.action == audited)).one() == 1
        assert session.exec(select(func.count()).select_from(LegalClock)).one() == 1
        assert session.exec(select(func.count()).select_from(SearchCase)).one() == (1 if audited.startswith("search") else 0)


def test_of_two_processes_that_look_at_once_one_tells(database: Engine) -> None:
    with writing(database) as session:
        settle(session)
        start(session, "liming")
        session.get_one(Subject, 1).term_until = NOW + 20 * 24 * HOUR
    later = NOW + 10 * 24 * HOUR

    for chore in (clocks.clock_edges_due, terms_due):
        outcomes = at_once(database, *[lambda session, chore=chore: chore(session, SETTINGS, later)] * 2)
        assert outcomes == [None, None]
    at_once(database, *[lambda session: end_terms_due(session, SETTINGS, NOW + 21 * 24 * HOUR)] * 2)

    with reading(database) as session:
        kinds = [(notice.kind, notice.about.partition(":")[0], notice.recipient) for notice in session.exec(select(Notice))]
        ended = session.exec(select(func.count()).select_from(AuditEvent).where(AuditEvent.action == "subject.status")).one()
    assert sorted(kinds) == [
        ("clock", "clock", "office_head"), ("clock", "clock", "officer"), ("clock", "term", "officer"), ("term_ended", "term", "officer"),
    ]  # fmt: skip
    assert ended == 1
