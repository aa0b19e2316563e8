"""Who may speak: the token of a log-in as a bearer or a cookie, and no changes on behalf of other sites' pages."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request, Response

from corrections.errors import Forbidden, Unauthenticated

COOKIE = "corrections_session"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def token_of(request: Request) -> str:
    """The token that came with a request. A browser sends its cookie with whatever page asks, so with a cookie a change must come
    from a page of this service.

    Raises Unauthenticated, Forbidden.
    """
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and given.strip():
        return given.strip()
    token = request.cookies.get(COOKIE)
    if not token:
        raise Unauthenticated("Log in first: POST /api/v1/login.", "请先登录：POST /api/v1/login。")
    if request.method not in SAFE:
        require_same_origin(request)
    return token


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
    response.set_cookie(COOKIE, token, max_age=int(hours * 3600), path="/", httponly=True, samesite="strict", secure=secure)


def clear_cookie(request: Request, response: Response) -> None:
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict", secure=request.url.scheme == "https")
