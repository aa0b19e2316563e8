"""Around every page: headers that keep the browser from harm and pages out of caches and search engines, and a page where something
failed unforeseen."""

from __future__ import annotations

import logging
from uuid import uuid4

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from corrections.portal.pages import render
from corrections.portal.visit import Desk

log = logging.getLogger(__name__)

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(self), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}


class Shell:
    """An answer keeps a header of ``HEADERS`` that its endpoint set itself. No address or form is logged: addresses hold the tokens."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self._app, self._desk = app, desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            await self._app(scope, receive, sending)
        except Exception:
            number = str(uuid4())
            log.exception("a page of a subject's own view failed (%s)", number)
            if begun:  # the server must break the connection off
                raise
            en = f"Something went wrong here. Try again later. If it stays so, tell your officer this number: {number}"
            zh = f"系统出错了，请过一会儿再试。如果还是不行，请把这个编号告诉工作人员：{number}"
            page = render(Request(scope), self._desk, "error.html.j2", status=500, en=en, zh=zh)
            await page(scope, receive, sending)
