"""What open pages are told: what was added since, once, and only what lies within the listener's reach."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import insert

from corrections import clock
from corrections.clock import SetClock
from corrections.console import live
from corrections.console.feed import LOOK_BACK, Change, Feed
from corrections.domain.model import Role
from corrections.store.access import Actor
from corrections.store.database import writing
from corrections.store.tables import Notice, ReviewEvent
from tests.console.desk import Desk
from tests.review.scene import NOW

OFFICER = Actor(1, "liming", Role.OFFICER, 1, 1)
BUREAU = Actor(9, "bureau", Role.BUREAU, 1, 1)


def a_step(desk: Desk, violation_id: int, **more: Any) -> None:
    with writing(desk.engine) as session:
        session.add(ReviewEvent(violation_id=violation_id, at=NOW, kind="noted", content={}, **more))


def told(desk: Desk, known: Any) -> tuple[list[Change], Any]:
    return Feed(desk.engine)._turn(known)


def test_what_was_there_before_is_not_told(desk: Desk) -> None:
    a_step(desk, 1)

    assert told(desk, None)[0] == []


def test_what_is_added_is_told_once_with_where_it_belongs(desk: Desk) -> None:
    _, known = told(desk, None)
    a_step(desk, 2)

    changes, known = told(desk, known)

    assert changes == [Change("queue", 2, 2, 1)]
    assert told(desk, known)[0] == []


def test_a_smaller_id_that_is_committed_later_is_told_too(desk: Desk) -> None:
    a_step(desk, 1, id=1_000)
    _, known = told(desk, None)
    a_step(desk, 2, id=1_000 - LOOK_BACK + 1)

    assert [change.id for change in told(desk, known)[0]] == [2]


def test_notices_are_told_as_such(desk: Desk) -> None:
    _, known = told(desk, None)
    with writing(desk.engine) as session:
        row = {"bureau_id": 1, "office_id": 2, "recipient": "officer", "kind": "due_soon", "severity": "low", "text_zh": "", "text_en": ""}
        session.execute(insert(Notice).values(**row, at=NOW))

    assert [(change.kind, change.office_id) for change in told(desk, known)[0]] == [("notice", 2)]


@pytest.mark.parametrize(("actor", "ids"), [(OFFICER, [1]), (BUREAU, [1, 2])])
def test_a_listener_hears_of_her_offices_alone_and_of_each_thing_once(actor: Actor, ids: list[int]) -> None:
    changes = [Change("queue", 1, 1, 1), Change("queue", 2, 2, 1), Change("queue", 1, 1, 1), Change("queue", 3, 3, 7)]

    assert live._within(changes, actor) == {"queue": ids}


def test_nothing_within_reach_is_nothing_told() -> None:
    assert live._within([Change("queue", 2, 2, 1)], OFFICER) == {}


def test_the_stream_tells_a_change_and_ends_with_the_log_in(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "CHECK_S", 0.0)
    visits = iter([BUREAU, None])
    monkeypatch.setattr(live, "_still", lambda visit, now: next(visits))
    heard = asyncio.run(_hear(desk))

    assert heard[0].startswith("retry:")
    assert json.loads(heard[2].partition("data: ")[2]) == {"kind": "queue", "ids": [1]}
    assert heard[3].startswith("event: ended")


async def _hear(desk: Desk) -> list[str]:
    class Standing:
        """A feed that has one change for whoever joins."""

        over = staticmethod(lambda: False)

        def join(self) -> asyncio.Queue[list[Change]]:
            heard: asyncio.Queue[list[Change]] = asyncio.Queue()
            heard.put_nowait([Change("queue", 1, 1, 1)])
            heard.put_nowait([])
            return heard

        def leave(self, _heard: object) -> None: ...

    class Visit:
        actor = BUREAU

    stream: AsyncIterator[str] = live._told(Visit(), Standing())  # type: ignore[arg-type]
    return [part async for part in stream]


def test_a_service_that_stops_ends_its_streams() -> None:
    feed = Feed(None)  # type: ignore[arg-type]
    feed.ends_when(lambda: True)

    async def hear() -> list[str]:
        monitored = type("Visit", (), {"actor": OFFICER})()
        feed.join = asyncio.Queue  # type: ignore[assignment, method-assign]
        return [part async for part in live._told(monitored, feed)]

    with clock.using(SetClock(NOW)):
        assert asyncio.run(hear()) == ["retry: 2000\n\n"]
