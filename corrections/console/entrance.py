"""Logging in and out, the language, and what the pages are drawn with."""

from __future__ import annotations

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from corrections import clock
from corrections.console.assets import assets
from corrections.console.door import HOME, LOGIN, inside, set_language
from corrections.console.pages import render
from corrections.console.visit import Form, Serving, Visiting
from corrections.errors import NotFound, TooMany, Unauthenticated
from corrections.records import accounts, guessing
from corrections.store.database import writing
from corrections.web import BROWSER_COOKIE, clear_cookie, origin_of, require_same_origin, set_browser, set_cookie

router = APIRouter()
KEPT = {"Cache-Control": "public, max-age=31536000, immutable"}  # the address names the content


@router.get("/")
def root() -> Response:
    return RedirectResponse(HOME, 303)


@router.get("/console/login")
def log_in_page(request: Request, desk: Serving, next: str = Query(HOME), done: str = "") -> Response:
    return render(request, desk, "login.html.j2", next=inside(next), login="", error=None, changed=done == "password", kept={})


@router.post("/console/login")
def log_in(form: Form, request: Request, desk: Serving) -> Response:
    """A page of another site cannot log a browser in as somebody else."""
    require_same_origin(request)
    after, login = inside(form.get("next", HOME)), form.get("login", "").strip()
    origin, browser, now = origin_of(request), request.cookies.get(BROWSER_COOKIE, ""), clock.now()
    try:
        with writing(desk.engine) as session:
            token, officer = accounts.log_in(session, login, form.get("password", ""), now, desk.settings, origin, browser)
            assert officer.id is not None
            browser = guessing.remember(session, officer.id, browser, desk.settings, now)
    except (Unauthenticated, TooMany) as error:
        return render(request, desk, "login.html.j2", status=error.status, here=LOGIN, next=after, login=login, error=error, kept={})
    answer = RedirectResponse(after, 303)
    set_cookie(request, answer, token, desk.settings.service.session_hours)
    set_browser(request, answer, browser, desk.settings.service.browser_days)
    return answer


@router.post("/console/logout")
def log_out(visit: Visiting, request: Request) -> Response:
    with visit.writing() as session:
        accounts.log_out(session, visit.token, visit.now, visit.actor.origin)
    answer = RedirectResponse(LOGIN, 303)
    clear_cookie(request, answer)
    return answer


@router.post("/console/language")
def choose_language(form: Form, request: Request) -> Response:
    require_same_origin(request)
    answer = RedirectResponse(inside(form.get("next", HOME)), 303)
    set_language(request, answer, "en" if form.get("language") == "en" else "zh")
    return answer


@router.post("/console/purpose")
def set_purpose(form: Form, visit: Visiting) -> Response:
    """Why locations are looked at from now on, until she says otherwise or logs out."""
    with visit.writing() as session:
        accounts.set_purpose(session, visit.token, form.get("purpose", ""))
    return RedirectResponse(inside(form.get("next", HOME)), 303)


@router.get("/console/session")
def still_logged_in(visit: Visiting) -> Response:
    """Asked before a form is sent, so that a log-in that has ended loses no typed text; 401 where it has. Tells who is logged in: what
    one officer typed is not sent in another's name."""
    return Response(status_code=204, headers={"Officer": str(visit.actor.officer_id)})


@router.get("/console/static/{version}/{name:path}")
def asset(name: str, request: Request) -> Response:
    found = assets().files.get(name)
    if found is None:
        raise NotFound("There is no such page.", "没有该页面。")
    packs = "gzip" in request.headers.get("accept-encoding", "") and found.packed is not found.content
    headers = KEPT | ({"Content-Encoding": "gzip"} if packs else {}) | {"Vary": "Accept-Encoding"}
    return Response(found.packed if packs else found.content, media_type=found.media_type, headers=headers)
