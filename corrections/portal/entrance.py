"""Coming in by the link, the language, closing the view on this phone, and what the pages are drawn with."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from corrections import clock
from corrections.portal.pages import ICON, SCRIPT, STYLE, render
from corrections.portal.visit import LANGUAGE_COOKIE, OWN_COOKIE, Form, Serving
from corrections.web import origin_of, require_same_origin

HOME = "/me"
LONGEST_S = 400 * 86_400  # for which browsers keep a cookie at most; the link itself ends sooner
KEPT = {"Cache-Control": "public, max-age=31536000, immutable"}  # the address names the content

router = APIRouter()
last = APIRouter()  # after all other pages, as its address would take theirs


@last.get("/me/{token}")
def come_in(token: str, request: Request, desk: Serving) -> Response:
    """Open the link: the phone keeps the token out of reach of scripts, and the address bar does not show it any more."""
    desk.door.come_in(token, clock.now(), origin_of(request))
    answer = RedirectResponse(HOME, 303)
    secure = request.url.scheme == "https"
    answer.set_cookie(OWN_COOKIE, token, max_age=LONGEST_S, path=HOME, httponly=True, samesite="lax", secure=secure)
    return answer


@router.post("/me/close")
def close(request: Request, desk: Serving) -> Response:
    """Forget the link on this phone; it opens again by the link itself."""
    require_same_origin(request)
    answer = render(request, desk, "closed.html.j2", here=HOME)
    answer.delete_cookie(OWN_COOKIE, path=HOME, httponly=True, samesite="lax", secure=request.url.scheme == "https")
    return answer


@router.post("/me/language")
def choose_language(form: Form, request: Request) -> Response:
    require_same_origin(request)
    answer = RedirectResponse(inside(form.get("next", HOME)), 303)
    language, secure = "en" if form.get("language") == "en" else "zh", request.url.scheme == "https"
    answer.set_cookie(LANGUAGE_COOKIE, language, max_age=LONGEST_S, path="/", httponly=True, samesite="lax", secure=secure)
    return answer


def inside(address: str) -> str:
    """The address if it is one of these pages, else the first one: nobody is led to another site."""
    good = address == HOME or address.startswith(("/me/", "/c/"))
    return address if good and address.isprintable() and "\\" not in address else HOME


@router.get("/me/static/{version}/portal.css")
def style() -> Response:
    return Response(STYLE, media_type="text/css", headers=KEPT)


@router.get("/me/static/{version}/portal.js")
def script() -> Response:
    return Response(SCRIPT, media_type="text/javascript", headers=KEPT)


@router.get("/me/static/{version}/icon.svg")
def icon() -> Response:
    return Response(ICON, media_type="image/svg+xml", headers=KEPT)
