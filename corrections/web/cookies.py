"""Who asks, as a browser tells it: the cookie of a log-in, and no changes on behalf of other sites' pages."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from corrections.errors import Forbidden

SESSION_COOKIE = "corrections_session"
BROWSER_COOKIE = "corrections_browser"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def origin_of(request: Request) -> str:
    """From where: the address, as the audit trail keeps it."""
    return request.client.host if request.client else ""


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


def set_cookie(request: Request, response: Response, token: str, hours: float) -> None:
    """Give a browser its token: out of reach of scripts, and only sent by pages of this service."""
    secure = request.url.scheme == "https"
    response.set_cookie(SESSION_COOKIE, token, max_age=int(hours * 3600), path="/", httponly=True, samesite="strict", secure=secure)


def set_browser(request: Request, response: Response, secret: str, days: float) -> None:
    """Let a browser keep what tells that its owner has logged in there; it opens nothing by itself."""
    secure = request.url.scheme == "https"
    age = int(days * 86_400)
    response.set_cookie(BROWSER_COOKIE, secret, max_age=age, path="/", httponly=True, samesite="strict", secure=secure)


def clear_cookie(request: Request, response: Response) -> None:
    """Take it back."""
    response.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="strict", secure=request.url.scheme == "https")
