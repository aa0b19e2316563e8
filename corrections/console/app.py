"""The console put together, and put before the API."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Engine
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp

from corrections.console import (
    accounts_page,
    admin_pages,
    agenda_page,
    attachments_page,
    audit_page,
    base_map,
    checks_page,
    condition_page,
    entrance,
    explanation_page,
    faults_page,
    import_page,
    leave_pages,
    live,
    log_page,
    map_page,
    notices_page,
    objections_page,
    outbox_page,
    own_account_page,
    queue_page,
    replay_page,
    search_page,
    statistics_page,
    subject_edit_page,
    subject_page,
    subjects_page,
    today_page,
    violation_page,
    zone_edit_page,
    zones_page,
)
from corrections.console.assets import assets
from corrections.console.door import HOME, inside, login_before
from corrections.console.feed import Feed
from corrections.console.pages import render
from corrections.console.visit import Desk, desk_of, typed_words
from corrections.errors import Conflict, CorrectionsError, Invalid, NotFound, Unauthenticated, Unavailable
from corrections.settings import Settings
from corrections.web import SAFE, Failures, Shell, answer_errors, put_before

ROOMS = (
    entrance,
    live,
    map_page,
    today_page,
    queue_page,
    explanation_page,
    violation_page,
    subject_edit_page,
    subject_page,
    subjects_page,
    notices_page,
    faults_page,
    audit_page,
    search_page,
    agenda_page,
    leave_pages,
    attachments_page,
    checks_page,
    zone_edit_page,
    zones_page,
    replay_page,
    statistics_page,
    base_map,
    admin_pages,
    accounts_page,
    own_account_page,
    import_page,
    outbox_page,
    condition_page,
    log_page,
    objections_page,
)
SESSION = "/console/session"  # asked by scripts, which want no page
FAILURES = Failures(
    nowhere=NotFound("There is no such page.", "没有该页面。"),
    otherwise=Invalid("A page cannot be asked for in this way.", "请求方式不正确，无法处理。"),
    at_once=Conflict(
        "Somebody stored something that excludes this at the same moment. Look again.", "他人同时保存了相冲突的数据，请刷新后重试。"
    ),
    away=Unavailable("The database cannot be used at present. Try again soon.", "数据库暂时无法使用，请稍后重试。"),
)


def console_app(engine: Engine, settings: Settings) -> FastAPI:
    """The officer's pages at ``/`` and below ``/console/``. It neither starts nor stops anything."""
    assets()  # not built: better told now than by pages without scripts
    app = FastAPI(title="Console", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.desk = desk = Desk(engine, settings, Feed(engine))

    def failed(request: Request, number: str) -> Response:
        en = f"The service failed to do this. It is on record; tell the administrator this number: {number}"
        zh = f"系统处理失败，已记入日志。请将此编号告知管理员：{number}"
        return render(request, desk, "error.html.j2", status=500, en=en, zh=zh, kept={})

    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5)  # never a stream of events
    app.add_middleware(Shell, failed=failed, headers=base_map.headers(settings.map))
    for room in ROOMS:
        app.include_router(room.router)
    answer_errors(app, _refused, FAILURES)
    app.add_exception_handler(Unauthenticated, _not_known)
    return app


def before(console: ASGIApp, rest: ASGIApp) -> ASGIApp:
    """The console at its addresses, ``rest`` at all others."""
    return put_before(console, rest, lambda path: path in ("/", "/console") or path.startswith(HOME))


def _not_known(request: Request, error: Exception) -> Response:
    """To the log-in. A form that came too late is not lost: its words are shown again, to be copied."""
    assert isinstance(error, Unauthenticated)
    if request.method in SAFE:
        if request.url.path == SESSION or "hx-request" in request.headers:
            return Response(status_code=error.status)
        address = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
        return RedirectResponse(login_before(address), 303)
    after = inside(request.url.path.rpartition("/")[0] if request.url.path.startswith("/console/violations/") else HOME)
    here, kept = login_before(after), _kept(request)
    return render(request, desk_of(request), "login.html.j2", status=error.status, here=here, next=after, login="", error=error, kept=kept)


def _refused(request: Request, error: CorrectionsError, status: int | None = None) -> Response:
    status, kept = status or error.status, _kept(request)
    return render(request, desk_of(request), "error.html.j2", status=status, here=HOME, en=error.en, zh=error.zh, kept=kept)


def _kept(request: Request) -> dict[str, str]:
    return typed_words(getattr(request.state, "form", {}))
