"""Watching a violation: whoever does is told of each later step of others, and of nothing of her own."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from corrections.errors import NotFound
from corrections.review import queue, reviewing
from corrections.review.escalation import escalate_due
from corrections.review.watching import unwatch, watch
from corrections.store.database import writing
from corrections.store.tables import Notice, Violation
from tests.review.scene import DEADLINES, HOUR, NOW, SETTINGS, a_subject, a_violation, an_actor, settle


def watched(session: Session) -> Violation:
    """A violation that the head watches."""
    violation = a_violation(session, settle(session), severity="high")
    watch(session, an_actor(session, "head"), 1, now=NOW)
    watch(session, an_actor(session, "head"), 1, now=NOW)
    return violation


def told(session: Session) -> list[tuple[int | None, str]]:
    found = session.exec(select(Notice).where(Notice.kind == "watched").order_by(col(Notice.id)))
    return [(notice.officer_id, notice.text_en.rpartition(": ")[2]) for notice in found]


def note(session: Session, login: str, revision: int) -> None:
    reviewing.note(session, an_actor(session, login), 1, revision=revision, text="已看", deadlines=DEADLINES, now=NOW)


def test_a_watcher_is_told_of_what_others_do(database: Engine) -> None:
    with writing(database) as session:
        watched(session)

        note(session, "liming", 1)
        note(session, "head", 2)

        assert told(session) == [(3, "noted.")]


def test_a_watcher_is_told_that_it_went_up_unless_it_went_up_to_her(database: Engine) -> None:
    with writing(database) as session:
        violation = watched(session)
        watch(session, an_actor(session, "bureau"), 1, now=NOW)

        escalate_due(session, SETTINGS, NOW + 4 * HOUR)

        assert violation.escalated_to == 3
        assert told(session) == [(4, "escalated.")]


def test_who_watches_no_more_is_told_no_more(database: Engine) -> None:
    with writing(database) as session:
        watched(session)
        unwatch(session, an_actor(session, "head"), 1)
        unwatch(session, an_actor(session, "head"), 1)

        note(session, "liming", 1)

        assert told(session) == []


def test_what_she_watches_can_be_listed_and_is_marked(database: Engine) -> None:
    with writing(database) as session:
        watched(session)
        a_violation(session, a_subject(session, "S2"))

        head = queue.list_queue(session, an_actor(session, "head"), watched=True, now=NOW).items
        assert [(item.id, item.watched) for item in head] == [(1, True)]
        assert queue.list_queue(session, an_actor(session, "liming"), watched=True, now=NOW).items == []
        assert not queue.queue_item(session, an_actor(session, "liming"), 1, now=NOW).watched


def test_what_lies_beyond_the_office_cannot_be_watched(database: Engine) -> None:
    with writing(database) as session:
        watched(session)

        for step in (lambda who: watch(session, who, 1, now=NOW), lambda who: unwatch(session, who, 1)):
            with pytest.raises(NotFound):
                step(an_actor(session, "zhao"))
