"""The subject's own pages put together, and put before the rest of the service."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.responses import Response
from sqlalchemy import Engine
from starlette.requests import Request
from starlette.types import ASGIApp

from corrections.errors import Conflict, CorrectionsError, Invalid, NotFound, Unauthenticated, Unavailable
from corrections.portal import check_in_page, data_page, entrance, home_page, leave_page, object_page, rules_page
from corrections.portal.pages import render
from corrections.portal.visit import Desk, desk_of
from corrections.settings import Settings
from corrections.web import Failures, OwnDoor, Shell, answer_errors, put_before

ROOMS = (entrance, home_page, rules_page, leave_page, data_page, object_page, check_in_page)
HEADERS = {
    "Permissions-Policy": "camera=(), geolocation=(self), microphone=()",  # to show where she is on the map of her rules
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}
FAILURES = Failures(
    nowhere=NotFound("There is no such page.", "没有这个页面。"),
    otherwise=Invalid("This does not work here.", "这里不能这样操作。"),
    at_once=Conflict("This was changed at the same moment. Look again.", "同时有别的改动，请重新打开再看。"),
    away=Unavailable("This does not work just now. Try again soon.", "暂时无法使用，请过一会儿再试。"),
)


def portal_app(engine: Engine, settings: Settings) -> FastAPI:
    """The pages at ``/me`` and ``/c``. It neither starts nor stops anything."""
    app = FastAPI(title="Own view", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.desk = desk = Desk(engine, settings, OwnDoor(engine, settings))

    def failed(request: Request, number: str) -> Response:
        en = f"Something went wrong here. Try again later. If it stays so, tell your officer this number: {number}"
        zh = f"系统出错了，请过一会儿再试。如果还是不行，请把这个编号告诉工作人员：{number}"
        return render(request, desk, "error.html.j2", status=500, en=en, zh=zh)

    app.add_middleware(Shell, failed=failed, headers=HEADERS)
    for room in ROOMS:
        app.include_router(room.router)
    app.include_router(entrance.last)
    answer_errors(app, _refused, FAILURES)
    app.add_exception_handler(Unauthenticated, _not_in)
    return app


def before(portal: ASGIApp, rest: ASGIApp) -> ASGIApp:
    """The pages at their addresses, ``rest`` at all others."""
    return put_before(portal, rest, lambda path: path == "/me" or path.startswith(("/me/", "/c/")))


def _not_in(request: Request, error: Exception) -> Response:
    """The link is not known or has ended, or none was opened on this phone: how to get in."""
    assert isinstance(error, Unauthenticated)
    return render(request, desk_of(request), "closed_door.html.j2", status=error.status, here="/me", en=error.en, zh=error.zh)


def _refused(request: Request, error: CorrectionsError, status: int | None = None) -> Response:
    return render(request, desk_of(request), "error.html.j2", status=status or error.status, here="/me", en=error.en, zh=error.zh)
