"""Who comes in: the cookie of a log-in, no changes on behalf of other sites' pages, and where to go on after a log-in."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from corrections.errors import Forbidden

SESSION_COOKIE = "corrections_session"  # the API's, so that its addresses know who is logged in here
LANGUAGE_COOKIE = "corrections_language"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
HOME = "/console/"
LOGIN = "/console/login"
YEAR_S = 365 * 86_400


def require_same_origin(request: Request) -> None:
    """Raise Forbidden unless a page of this service made the request: by ``Sec-Fetch-Site`` where the browser sends it (it cannot be
    set by a page), else by ``Origin``."""
    site = request.headers.get("sec-fetch-site")
    if site is None:
        origin = request.headers.get("origin", "")
        same = bool(origin) and urlsplit(origin).netloc == request.headers.get("host")
    else:
        same = site == "same-origin"
    if not same:
        raise Forbidden("This change was asked for by a page of another site.", "该操作来自其他网站的页面，已拒绝。")


def set_session(request: Request, response: Response, token: str, hours: float) -> None:
    """Out of reach of scripts, and only sent by pages of this service."""
    secure = request.url.scheme == "https"
    response.set_cookie(SESSION_COOKIE, token, max_age=int(hours * 3600), path="/", httponly=True, samesite="strict", secure=secure)


def clear_session(request: Request, response: Response) -> None:
    response.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="strict", secure=request.url.scheme == "https")


def set_language(request: Request, response: Response, language: str) -> None:
    secure = request.url.scheme == "https"
    response.set_cookie(LANGUAGE_COOKIE, language, max_age=YEAR_S, path=HOME, httponly=True, samesite="lax", secure=secure)


def inside(address: str) -> str:
    """The address if it is one of the console's pages, else its first page: nobody is led to another site."""
    return address if address.startswith(HOME) and address.isprintable() and "\\" not in address else HOME


def login_before(address: str) -> str:
    """The log-in page that leads on to an address."""
    return LOGIN if address == HOME else f"{LOGIN}?next={quote(address, safe='')}"
