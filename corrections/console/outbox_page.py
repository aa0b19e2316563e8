"""发件箱: what goes over the channels of notification, what could not be sent, and a trial of a channel. No texts of messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import RedirectResponse, Response

from corrections.console.pages import page
from corrections.console.visit import MOST_ID, Form, PathId, Visit, Visiting
from corrections.domain.model import Role
from corrections.domain.notifying import MessageState
from corrections.errors import Conflict, CorrectionsError, Forbidden, Invalid, NotFound, Unavailable
from corrections.monitor.sending import try_channel
from corrections.records import directory
from corrections.review import outbox
from corrections.store.access import Action

router = APIRouter(prefix="/console/admin")
ROWS = 50
STATES: Mapping[str, tuple[str, str]] = {
    MessageState.WAITING: ("等待发送", "waiting"), MessageState.SENDING: ("正在发送", "being sent"),
    MessageState.FAILING: ("重试中", "tried again"), MessageState.SENT: ("已发送", "sent"),
    MessageState.GIVEN_UP: ("已放弃", "given up"), MessageState.NEEDLESS: ("不再需要", "needed no more"),
}  # fmt: skip
AGAIN = (MessageState.WAITING, MessageState.FAILING, MessageState.GIVEN_UP)
REFUSALS = (Invalid, Conflict, NotFound, Forbidden, Unavailable)
Name = Annotated[str, Path(max_length=31)]
OfChannel = Annotated[str, Query(max_length=31)]
Before = Annotated[int | None, Query(ge=1, le=MOST_ID)]


@router.get("/outbox")
def show(visit: Visiting, state: Annotated[str, Query(max_length=20)] = "", channel: OfChannel = "", before: Before = None) -> Response:
    return _page(visit, state, channel, before)


@router.post("/outbox/{message_id}/retry")
def retry(_form: Form, message_id: PathId, visit: Visiting) -> Response:
    """What it is quiet for at this hour goes out when the quiet hours end."""
    try:
        with visit.writing() as session:
            outbox.retry(session, visit.actor, message_id, visit.settings, visit.now)
    except REFUSALS as error:
        return _page(visit, error=error)
    return RedirectResponse("/console/admin/outbox?done=retry", 303)


@router.post("/channels/{name}/test")
def try_one(form: Form, name: Name, visit: Visiting) -> Response:
    """It waits for the answer."""
    try:
        try_channel(visit.desk.engine, visit.settings, visit.actor, name, form.get("address", "").strip() or None, visit.now)
    except REFUSALS as error:
        return _page(visit, error=error, typed={name: form.get("address", "")})
    return RedirectResponse("/console/admin/outbox?done=sent", 303)


def _page(
    visit: Visit, state: str = "", channel: str = "", before: int | None = None, *, error: CorrectionsError | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:  # fmt: skip
    visit.actor.require(Action.WRITE_ROSTER)
    asked = MessageState(state) if state in list(MessageState) else None
    with visit.reading() as session:
        rows = outbox.list_messages(session, visit.actor, state=asked, channel=channel or None, before=before, limit=ROWS + 1)
        names = directory.officer_names(session, visit.actor, {row.officer_id for row in rows if row.officer_id is not None})
        wanted = {name: value for name, value in (("state", asked or ""), ("channel", channel)) if value}
        return page(
            visit, "outbox.html.j2", status=error.status if error else 200, here="/console/admin/outbox", names=names, states=STATES,
            rows=[(row, outbox.state_of(row)) for row in rows[:ROWS]], channels=visit.settings.notify.channels, wanted=wanted, again=AGAIN,
            may_retry=visit.actor.role in (Role.BUREAU, Role.ADMINISTRATOR), before=rows[ROWS - 1].id if len(rows) > ROWS else None,
            first=before is None, error=error, typed=typed or {}, done=visit.request.query_params.get("done", ""),
        )  # fmt: skip
