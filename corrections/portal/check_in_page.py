"""签到: one large button. The page asks the browser for its position and sends it, once; the link lets one answer, and see nothing."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import Response

from corrections import clock
from corrections.errors import Conflict, NotFound
from corrections.portal import speech
from corrections.portal.pages import render
from corrections.portal.visit import Serving
from corrections.records.check_ins import by_token, deadline_of, require_open
from corrections.records.own_record import kept_for
from corrections.store.database import reading
from corrections.store.tables import Bureau
from corrections.web import origin_of

router = APIRouter()


@router.get("/c/{token}")
def check_in(token: str, request: Request, desk: Serving) -> Response:
    """Raises NotFound, TooMany (unknown links from one address count as those of her own view do)."""
    now, origin = clock.now(), origin_of(request)
    desk.door.wait_if_many(origin, now)
    with reading(desk.engine) as session:
        try:
            made = by_token(session, token)
        except NotFound:
            desk.door.note_unknown(origin, now)
            raise
        try:
            require_open(session, made, now)
        except Conflict as over:
            return render(
                request, desk, "check_in_over.html.j2", status=over.status, zh=over.zh, en=over.en, fine=made.answered_at is not None
            )  # fmt: skip
        timezone = ZoneInfo(session.get_one(Bureau, made.bureau_id).timezone)
        until = speech.moment(deadline_of(session, made), now, timezone)
    kept = kept_for(desk.settings.portal, "positions")
    return render(request, desk, "check_in.html.j2", token=token, until=until, kept=kept)
