"""The cookie of the language, and where to go on after a log-in."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

LANGUAGE_COOKIE = "corrections_language"
HOME = "/console/"
LOGIN = "/console/login"
YEAR_S = 365 * 86_400


def set_language(request: Request, response: Response, language: str) -> None:
    secure = request.url.scheme == "https"
    response.set_cookie(LANGUAGE_COOKIE, language, max_age=YEAR_S, path=HOME, httponly=True, samesite="lax", secure=secure)


def inside(address: str) -> str:
    """The address if it is one of the console's pages, else its first page: nobody is led to another site."""
    return address if address.startswith(HOME) and address.isprintable() and "\\" not in address else HOME


def login_before(address: str) -> str:
    """The log-in page that leads on to an address."""
    return LOGIN if address == HOME else f"{LOGIN}?next={quote(address, safe='')}"
