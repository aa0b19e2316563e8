"""Who may speak: the token of a log-in as a bearer or a cookie, and no changes on behalf of other sites' pages."""

from __future__ import annotations

from fastapi import Request

from corrections.errors import Unauthenticated
from corrections.web import SAFE, SESSION_COOKIE, require_same_origin


def token_of(request: Request) -> str:
    """The token that came with a request. A browser sends its cookie with whatever page asks, so with a cookie a change must come
    from a page of this service.

    Raises Unauthenticated, Forbidden.
    """
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and given.strip():
        return given.strip()
    token = request.cookies.get(SESSION_COOKIE)
    if not token:
        raise Unauthenticated("Log in first: POST /api/v1/login.", "请先登录：POST /api/v1/login。")
    if request.method not in SAFE:
        require_same_origin(request)
    return token
