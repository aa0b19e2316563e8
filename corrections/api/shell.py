"""Around every request: a bound on its size, headers that keep browsers from harm, a count, and an answer where something failed
unforeseen."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from corrections.api import problems
from corrections.api.context import House
from corrections.api.language import language_of

log = logging.getLogger(__name__)

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
BODY = 1_000_000  # bytes of a request, where no larger bound is given for its address


class Shell:
    """An answer keeps a header of ``HEADERS`` that its endpoint set itself. ``large`` gives the bounds in bytes of addresses (by how
    they begin) whose bodies may be larger. No address, query or body is logged: they hold names."""

    def __init__(self, app: ASGIApp, house: House, large: Mapping[str, int]) -> None:
        self._app, self._house, self._large = app, house, large

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, _bounded(receive, self._bound(scope["path"])), sending)
        except Exception:
            instance = f"urn:uuid:{uuid4()}"
            log.exception("%s failed (%s)", _endpoint(scope), instance)
            if status:  # an answer has begun: the server must break the connection off
                raise
            language = language_of(Request(scope), self._house.settings.service.language)
            await problems.internal(instance, language)(scope, receive, sending)
        finally:
            self._house.metrics.served(scope["method"], _endpoint(scope), status, time.perf_counter() - began)

    def _bound(self, path: str) -> int:
        return next((bound for start, bound in self._large.items() if path.startswith(start)), BODY)


def _bounded(receive: Receive, bound: int) -> Receive:
    """``receive`` that raises HTTPException 413 once more than ``bound`` bytes of a body have come."""
    taken = 0

    async def receiving() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > bound:
            raise HTTPException(413)
        return message

    return receiving


def _endpoint(scope: Scope) -> str:
    """What serves the request, such as ``violations.claim``; addresses that lead nowhere count as one."""
    endpoint: Any = scope.get("endpoint")
    if endpoint is None:
        return "none"
    return f"{endpoint.__module__.rpartition('.')[2]}.{endpoint.__name__}"
