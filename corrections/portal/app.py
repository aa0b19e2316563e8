"""The subject's own pages put together, and put before the rest of the service."""

from __future__ import annotations

import logging
from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy import Engine, exc
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from corrections.errors import Conflict, CorrectionsError, NotFound, Unauthenticated, Unavailable
from corrections.portal import check_in_page, data_page, entrance, home_page, leave_page, object_page, rules_page
from corrections.portal.pages import render
from corrections.portal.shell import Shell
from corrections.portal.visit import Desk, desk_of
from corrections.settings import Settings
from corrections.web import OwnDoor

log = logging.getLogger(__name__)

# What says that the database is away, full, locked or read-only, rather than that the request is at fault.
AWAY = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError)
ROOMS = (entrance, home_page, rules_page, leave_page, data_page, object_page, check_in_page)
NOWHERE = NotFound("There is no such page.", "没有这个页面。")


def portal_app(engine: Engine, settings: Settings) -> FastAPI:
    """The pages at ``/me`` and ``/c``. It neither starts nor stops anything."""
    desk = Desk(engine, settings, OwnDoor(engine, settings))
    app = FastAPI(title="Own view", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.desk = desk
    app.add_middleware(Shell, desk=desk)
    for room in ROOMS:
        app.include_router(room.router)
    app.include_router(entrance.last)
    app.add_exception_handler(CorrectionsError, _refused)
    app.add_exception_handler(Unauthenticated, _not_in)
    app.add_exception_handler(RequestValidationError, _no_such_page)
    app.add_exception_handler(HTTPException, _http_error)
    for kind in (*AWAY, exc.IntegrityError):
        app.add_exception_handler(kind, _database_error)
    return app


def before(portal: ASGIApp, rest: ASGIApp) -> ASGIApp:
    """The pages at their addresses, ``rest`` at all others; the lifespan is that of ``rest``."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        if path == "/me" or path.startswith(("/me/", "/c/")):
            await portal(scope, receive, send)
        else:
            await rest(scope, receive, send)

    return app


# ---- errors as pages


def _not_in(request: Request, error: Exception) -> Response:
    """The link is not known or has ended, or none was opened on this phone: how to get in."""
    assert isinstance(error, Unauthenticated)
    return render(request, desk_of(request), "closed_door.html.j2", status=error.status, here="/me", en=error.en, zh=error.zh)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, CorrectionsError)
    answer = render(request, desk_of(request), "error.html.j2", status=error.status, here="/me", en=error.en, zh=error.zh)
    if isinstance(error, Unavailable):
        answer.headers["Retry-After"] = str(error.retry_after_s)
    return answer


def _no_such_page(request: Request, _error: Exception) -> Response:
    return _refused(request, NOWHERE)


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.NOT_FOUND:
        return _refused(request, NOWHERE)
    en, zh = "This does not work here.", "这里不能这样操作。"
    return render(request, desk_of(request), "error.html.j2", status=error.status_code, here="/me", en=en, zh=zh)


def _database_error(request: Request, error: Exception) -> Response:
    if isinstance(error, exc.IntegrityError):
        return _refused(request, Conflict("This was changed at the same moment. Look again.", "同时有别的改动，请重新打开再看。"))
    log.error("the database cannot be used: %s", type(error).__name__)
    return _refused(request, Unavailable("This does not work just now. Try again soon.", "暂时无法使用，请过一会儿再试。"))
