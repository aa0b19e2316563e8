"""Changes that open pages want to know of. While anybody listens, each process asks the database once a second what was added to the
review events, notices, rounds and requests for leave; who may hear of a change, the listener decides."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, func, select

from corrections.store.database import reading
from corrections.store.tables import CheckRound, LeaveRequest, Notice, ReviewEvent, Violation

log = logging.getLogger(__name__)

TURN_S = 1.0
LOOK_BACK = 300  # ids: on PostgreSQL a smaller id may be committed after a larger one
MOST_BEHIND = 100  # turns that a listener may be behind before it misses some; its page asks for everything in the end


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was added: ``kind`` is a key of ``SOURCES``, ``id`` of what it is about (a violation, a notice ...)."""

    kind: str
    id: int
    office_id: int
    bureau_id: int


SOURCES: Mapping[str, tuple[Any, Any]] = {
    "queue": (ReviewEvent, Violation), "notice": (Notice, Notice), "round": (CheckRound, CheckRound), "leave": (LeaveRequest, LeaveRequest),
}  # fmt: skip
"""By kind: the table that is added to, and that which says what the change is about and where it belongs."""


@dataclass
class Feed:
    """The one that asks, for all listeners of a process."""

    engine: Engine
    over: Callable[[], bool] = lambda: False
    _listeners: set[asyncio.Queue[list[Change]]] = field(default_factory=set)
    _task: asyncio.Task[None] | None = None

    def ends_when(self, over: Callable[[], bool]) -> None:
        """Streams end once ``over`` says that the service stops: it would wait for them."""
        self.over = over

    def join(self) -> asyncio.Queue[list[Change]]:
        """Where changes from now on are put. To be called in the event loop that serves."""
        heard: asyncio.Queue[list[Change]] = asyncio.Queue(MOST_BEHIND)
        self._listeners.add(heard)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch())
        return heard

    def leave(self, heard: asyncio.Queue[list[Change]]) -> None:
        self._listeners.discard(heard)

    async def _watch(self) -> None:
        known: dict[str, set[int]] | None = None
        while self._listeners:
            try:
                changes, known = await asyncio.to_thread(self._turn, known)
            except SQLAlchemyError as error:  # the pages say that the database is away; this goes on once it is back
                log.warning("changes cannot be read: %s", type(error).__name__)
                changes = []
            if changes:
                for heard in tuple(self._listeners):
                    if not heard.full():
                        heard.put_nowait(changes)
            await asyncio.sleep(TURN_S)

    def _turn(self, known: Mapping[str, set[int]] | None) -> tuple[list[Change], dict[str, set[int]]]:
        """What was added since ids were last known (nothing in the first turn), and the ids that are known now."""
        changes: list[Change] = []
        now_known: dict[str, set[int]] = {}
        with reading(self.engine) as session:
            for kind in SOURCES:
                before = None if known is None else known[kind]
                found = list(_latest(session, kind, before))
                changes.extend(change for id_, change in found if before is not None and id_ not in before)
                now_known[kind] = _recent({id_ for id_, _ in found} | (before or set()))
        return changes, now_known


def _recent(ids: Iterable[int]) -> set[int]:
    newest = max(ids, default=0)
    return {id_ for id_ in ids if id_ > newest - LOOK_BACK}


def _latest(session: Session, kind: str, before: set[int] | None) -> Iterator[tuple[int, Change]]:
    table, about = SOURCES[kind]
    newest = max(before) if before else session.exec(select(func.max(table.id))).one() or 0
    statement = select(table.id, about.id, about.office_id, about.bureau_id)
    if about is not table:
        statement = statement.join(about, col(about.id) == col(table.violation_id))
    for id_, about_id, office_id, bureau_id in session.exec(statement.where(col(table.id) > newest - LOOK_BACK)):
        yield id_, Change(kind, about_id, office_id, bureau_id)
