"""What happens elsewhere, told to open pages: a stream of server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from corrections import clock
from corrections.console.feed import Change, Feed
from corrections.console.visit import Visit, Visiting
from corrections.errors import Unauthenticated
from corrections.records import accounts
from corrections.store.access import Actor
from corrections.store.database import reading

router = APIRouter()
LISTEN_S = 1.0
CHECK_S = 30.0  # how often it is asked whether a listener's log-in is still good


@router.get("/console/live")
async def live(visit: Visiting) -> StreamingResponse:
    """Events ``change`` with ``{"kind", "ids"}`` in JSON, ``ended`` once the log-in has."""
    return StreamingResponse(_told(visit, visit.desk.feed), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _told(visit: Visit, feed: Feed) -> AsyncIterator[str]:
    heard, actor, checked = feed.join(), visit.actor, clock.now()
    try:
        yield "retry: 2000\n\n"
        while not feed.over():
            try:
                changes = await asyncio.wait_for(heard.get(), LISTEN_S)
            except TimeoutError:
                changes = []
            if (clock.now() - checked).total_seconds() >= CHECK_S:
                found = await asyncio.to_thread(_still, visit, checked := clock.now())
                if found is None:
                    yield "event: ended\ndata: {}\n\n"
                    return
                actor = found
                yield ": still here\n\n"
            for kind, ids in _within(changes, actor).items():
                yield f"event: change\ndata: {json.dumps({'kind': kind, 'ids': ids})}\n\n"
    finally:
        feed.leave(heard)


def _within(changes: Sequence[Change], actor: Actor) -> dict[str, list[int]]:
    told: dict[str, list[int]] = {}
    for change in changes:
        if actor.reaches(change.office_id, change.bureau_id) and change.id not in told.setdefault(change.kind, []):
            told[change.kind].append(change.id)
    return {kind: ids for kind, ids in told.items() if ids}


def _still(visit: Visit, now: datetime) -> Actor | None:
    """Who listens, as she stands now; None once her log-in has ended."""
    try:
        with reading(visit.desk.engine) as session:
            return accounts.actor_for(session, visit.token, now, visit.settings, visit.actor.origin)
    except Unauthenticated:
        return None
