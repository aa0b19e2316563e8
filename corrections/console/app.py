"""The console put together, and put before the API."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Engine, exc
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from corrections.console import (
    entrance,
    explanation_page,
    faults_page,
    live,
    notices_page,
    queue_page,
    subject_pages,
    today_page,
    violation_page,
)
from corrections.console.assets import assets
from corrections.console.door import HOME, inside, login_before
from corrections.console.feed import Feed
from corrections.console.pages import render
from corrections.console.shell import Shell
from corrections.console.visit import Desk, desk_of, typed_words
from corrections.errors import Conflict, CorrectionsError, NotFound, Unauthenticated, Unavailable
from corrections.settings import Settings
from corrections.web import SAFE

log = logging.getLogger(__name__)

ROOMS = (entrance, live, today_page, queue_page, explanation_page, violation_page, subject_pages, notices_page, faults_page)

# What says that the database is away, full, locked or read-only, rather than that the request is at fault.
AWAY = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError)
NOWHERE = NotFound("There is no such page.", "没有该页面。")


def console_app(engine: Engine, settings: Settings) -> FastAPI:
    """The officer's pages at ``/`` and below ``/console/``. It neither starts nor stops anything."""
    assets()  # not built: better told now than by pages without scripts
    desk = Desk(engine, settings, Feed(engine))
    app = FastAPI(title="Console", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.desk = desk
    app.add_middleware(Shell, desk=desk)
    for room in ROOMS:
        app.include_router(room.router)
    app.add_exception_handler(CorrectionsError, _refused)
    app.add_exception_handler(Unauthenticated, _not_known)
    app.add_exception_handler(RequestValidationError, _no_such_page)
    app.add_exception_handler(HTTPException, _http_error)
    for kind in (*AWAY, exc.IntegrityError):
        app.add_exception_handler(kind, _database_error)
    return app


def before(console: ASGIApp, rest: ASGIApp) -> ASGIApp:
    """The console at its addresses, ``rest`` at all others; the lifespan is that of ``rest``."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (scope["path"] in ("/", "/console") or scope["path"].startswith(HOME)):
            await console(scope, receive, send)
        else:
            await rest(scope, receive, send)

    return app


# ---- errors as pages


def _not_known(request: Request, error: Exception) -> Response:
    """To the log-in. A form that came too late is not lost: its words are shown again, to be copied."""
    assert isinstance(error, Unauthenticated)
    if request.method in SAFE:
        address = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
        return RedirectResponse(login_before(address), 303)
    after = inside(request.url.path.rpartition("/")[0] if request.url.path.startswith("/console/violations/") else HOME)
    values: dict[str, Any] = {"next": after, "login": "", "error": error, "kept": _kept(request)}
    return render(request, desk_of(request), "login.html.j2", status=error.status, here=login_before(after), **values)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, CorrectionsError)
    answer = render(
        request, desk_of(request), "error.html.j2", status=error.status, here=HOME, en=error.en, zh=error.zh, kept=_kept(request)
    )
    if isinstance(error, Unavailable):
        answer.headers["Retry-After"] = str(error.retry_after_s)
    return answer


def _no_such_page(request: Request, _error: Exception) -> Response:
    return _refused(request, NOWHERE)


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.NOT_FOUND:
        return _refused(request, NOWHERE)
    phrase = HTTPStatus(error.status_code).phrase
    values: dict[str, Any] = {"en": f"{phrase}.", "zh": f"请求无法处理（{phrase}）。", "kept": {}}
    return render(request, desk_of(request), "error.html.j2", status=error.status_code, here=HOME, **values)


def _database_error(request: Request, error: Exception) -> Response:
    if isinstance(error, exc.IntegrityError):
        en = "Somebody stored something that excludes this at the same moment. Look again."
        return _refused(request, Conflict(en, "他人同时保存了相冲突的数据，请刷新后重试。"))
    log.error("the database cannot be used: %s", type(error).__name__)
    return _refused(request, Unavailable("The database cannot be used at present. Try again soon.", "数据库暂时无法使用，请稍后重试。"))


def _kept(request: Request) -> dict[str, str]:
    return typed_words(getattr(request.state, "form", {}))
