"""Around every page: headers that keep the browser from harm, and a page where something failed unforeseen."""

from __future__ import annotations

import logging
from uuid import uuid4

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from corrections.console.pages import render
from corrections.console.visit import Desk

log = logging.getLogger(__name__)

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Shell:
    """An answer keeps a header of ``HEADERS`` that its endpoint set itself. No address or form is logged: they hold names."""

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
            log.exception("a page failed (%s)", number)
            if begun:  # the server must break the connection off
                raise
            en = f"The service failed to do this. It is on record; tell the administrator this number: {number}"
            zh = f"系统处理失败，已记入日志。请将此编号告知管理员：{number}"
            page = render(Request(scope), self._desk, "error.html.j2", status=500, en=en, zh=zh, kept={})
            await page(scope, receive, sending)
