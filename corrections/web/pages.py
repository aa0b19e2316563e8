"""What all pages share, officers' and subjects': headers that keep the browser from harm, forms, errors as pages, and where they stand."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qsl
from uuid import uuid4

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy import exc
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from corrections.errors import Conflict, CorrectionsError, Invalid, NotFound, Unavailable

log = logging.getLogger(__name__)

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

# What says that the database is away, full, locked or read-only, rather than that the request is at fault.
AWAY = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError)


class Shell:
    """Around every page. An answer keeps a header that its endpoint set itself; ``headers`` are added to or stand in place of ``HEADERS``.
    ``failed`` makes the page that tells of an unforeseen failure, given its number. No address or form is logged: they hold names and
    tokens."""

    def __init__(self, app: ASGIApp, failed: Callable[[Request, str], Response], headers: Mapping[str, str]) -> None:
        self._app, self._failed, self._headers = app, failed, HEADERS | dict(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
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
            await self._failed(Request(scope), number)(scope, receive, sending)


async def read_form(request: Request, *, longest: int, most_fields: int, too_long: Invalid) -> dict[str, str]:
    """The fields of a form as the browser sent them, at most ``longest`` bytes; without NUL, which PostgreSQL does not hold. Raises
    Invalid."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > longest:
            raise too_long
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=most_fields)
    except ValueError:
        raise Invalid("The form cannot be read.", "表单无法读取。") from None
    return {name: value.replace("\x00", "") for name, value in pairs}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as a browser sent it: what it calls itself, and what is in it."""

    name: str
    media_type: str
    content: bytes


async def read_upload(request: Request, *, longest: int, most_fields: int, too_long: Invalid) -> tuple[dict[str, str], list[Upload]]:
    """The fields and the files of a form that has any (``multipart/form-data``), at most ``longest`` bytes together; files without a name
    were not chosen. A form without files is read as well. Raises Invalid."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await read_form(request, longest=longest, most_fields=most_fields, too_long=too_long), []
    length = request.headers.get("content-length", "")
    if not length.isdigit():
        raise Invalid("The form cannot be read.", "表单无法读取。")
    if int(length) > longest:  # the server takes in no more than that
        raise too_long
    fields: dict[str, str] = {}
    files: list[Upload] = []
    try:
        async with request.form(max_files=most_fields, max_fields=most_fields, max_part_size=longest) as form:
            for name, value in form.multi_items():
                if isinstance(value, str):
                    fields[name] = value.replace("\x00", "")
                elif value.filename:
                    files.append(Upload(value.filename, value.content_type or "", await value.read()))
    except HTTPException:  # what Starlette says of a malformed body
        raise Invalid("The form cannot be read.", "表单无法读取。") from None
    return fields, files


class Refused(Protocol):
    """Makes the page that tells of an error; ``status`` where it is not the error's own."""

    def __call__(self, request: Request, error: CorrectionsError, status: int | None = None) -> Response: ...


@dataclass(frozen=True, slots=True)
class Failures:
    """What failed, in the words of the pages: no such page, another way than a page can be asked for, somebody stored what excludes this
    at the same moment, and the database away."""

    nowhere: NotFound
    otherwise: CorrectionsError
    at_once: Conflict
    away: Unavailable


def answer_errors(app: FastAPI, refused: Refused, failures: Failures) -> None:
    """Have errors told as pages."""

    def told(request: Request, error: Exception) -> Response:
        assert isinstance(error, CorrectionsError)
        answer = refused(request, error)
        if isinstance(error, Unavailable):
            answer.headers["Retry-After"] = str(error.retry_after_s)
        return answer

    def no_such_page(request: Request, _error: Exception) -> Response:
        return refused(request, failures.nowhere)

    def of_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == NotFound.status:
            return refused(request, failures.nowhere)
        return refused(request, failures.otherwise, error.status_code)

    def at_once(request: Request, _error: Exception) -> Response:
        return refused(request, failures.at_once)

    def away(request: Request, error: Exception) -> Response:
        log.error("the database cannot be used: %s", type(error).__name__)
        return told(request, failures.away)

    app.add_exception_handler(CorrectionsError, told)
    app.add_exception_handler(RequestValidationError, no_such_page)
    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(exc.IntegrityError, at_once)
    for kind in AWAY:
        app.add_exception_handler(kind, away)


def put_before(pages: ASGIApp, rest: ASGIApp, theirs: Callable[[str], bool]) -> ASGIApp:
    """``pages`` at the addresses that are ``theirs``, ``rest`` at all others; the lifespan is that of ``rest``."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and theirs(scope["path"]):
            await pages(scope, receive, send)
        else:
            await rest(scope, receive, send)

    return app
