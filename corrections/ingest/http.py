"""The doors for phones and systems: a bare ASGI application in front of the web framework, for the speed of one fix a request.

``/ingest/osmand``, ``/ingest/owntracks``, ``/ingest/overland`` (each also with the credential as last segment) and
``POST /api/v1/reports``. Everything else, and the lifespan, goes to the application behind.

Phones get what their client needs to hear: 2xx after the commit for whatever is authentic, 401 for a credential that is not known,
503 with Retry-After where nothing could be stored, and never another error, which would make some drop the fix and block the
queue of others for ever. A phone that takes commands in the reply is asked for a fresh fix where one is wanted. Systems get an answer
for each report.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

from corrections.errors import CorrectionsError, Invalid, Unauthenticated, Unavailable
from corrections.ingest import osmand, overland, owntracks, system, values
from corrections.ingest.message import MOST_MESSAGES, Decoded, Message, Outcome, Result, Verdict
from corrections.ingest.request import ENCODINGS, Head, TooLong, read_body
from corrections.ingest.values import Overlong, Unreadable
from corrections.ingest.writer import Ingest, describe

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

METHODS = {"osmand": ("GET", "POST"), "owntracks": ("POST",), "overland": ("POST",)}
REPORTS = "/api/v1/reports"
TITLES = {
    401: ("Not logged in", "未登录"),
    413: ("The request is too large", "请求内容过大"),
    415: ("The form of the content is not supported", "不支持的内容类型"),
    422: ("The input is not valid", "输入有误"),
    503: ("The service cannot do this at present", "服务暂不可用"),
}
_JSON = b"application/json"
_REPLIES = {
    "osmand": (b"text/plain; charset=utf-8", b""),
    "owntracks": (_JSON, b"[]"),
    "overland": (_JSON, b'{"result":"ok"}'),
}
_ASKING = {"owntracks": (_JSON, b'[{"_type":"cmd","action":"reportLocation"}]')}


class _TooLarge(Invalid):
    """More bytes or reports than are taken at once."""

    status = 413
    code = "content-too-large"


class _OtherMedia(Invalid):
    """A body that does not claim to be JSON, or is packed in a way that is not known."""

    status = 415
    code = "unsupported-media-type"


def ingest_app(ingest: Ingest, fallback: App) -> App:
    """The application that serves the doors with ``ingest`` and passes everything else on to ``fallback``."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path: str = scope["path"]
            if path.startswith("/ingest/"):
                wire, _, credential = path[8:].removesuffix("/").partition("/")
                if wire in METHODS and "/" not in credential:
                    await _phone(ingest, wire, credential, scope, receive, send)
                    return
            elif path.rstrip("/") == REPORTS and scope["method"] == "POST":
                await _system(ingest, scope, receive, send)
                return
        await fallback(scope, receive, send)

    return app


# ---- phones


async def _phone(ingest: Ingest, wire: str, credential: str, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["method"] not in METHODS[wire]:
        await _reply(send, 405, b"text/plain", b"", [(b"allow", ", ".join(METHODS[wire]).encode())])
        return
    try:
        limit = ingest.settings.ingest.max_body_bytes
        body = await read_body(receive, limit)
        if body is None:
            return
        head = Head.of(scope, credential)
        decoded = _decode(ingest, wire, head, body, limit)
        outcome = await ingest.take(head.sender(decoded.offered), wire, decoded.messages)
    except Unavailable as error:
        await _come_back(send, error.retry_after_s)
    except Exception as error:
        log.error("a request could not be handled: wire=%s %s", wire, describe(error))
        await _come_back(send, ingest.settings.ingest.retry_after_s)
    else:
        if outcome.authentic:
            await _reply(send, 200, *(_ASKING if outcome.ask else _REPLIES)[wire])
        else:
            await _reply(send, 401, b"text/plain", b"", [(b"www-authenticate", b'Basic realm="corrections", charset="UTF-8"')])


def _decode(ingest: Ingest, wire: str, head: Head, body: bytes | TooLong, limit: int) -> Decoded:
    """The messages of a phone's request. A fault of the decoder itself puts the message aside; it would come again for ever."""
    raw = body.beginning if isinstance(body, TooLong) else body
    try:
        if isinstance(body, TooLong):
            raise Unreadable(f"longer than {limit} bytes")
        if head.encoding and body:
            body = head.unpacked(body, limit)
        if wire == "osmand":
            return osmand.decode(head.query, body, ingest.zone)
        return owntracks.decode(body) if wire == "owntracks" else overland.decode(body)
    except Unreadable as fault:
        return Decoded([values.unreadable(raw, str(fault))])
    except Exception as error:
        log.error("a message could not be decoded: wire=%s %s", wire, describe(error))
        return Decoded([values.unreadable(raw, "decoder")])


async def _come_back(send: Send, after_s: int) -> None:
    await _reply(send, 503, b"text/plain", b"", [(b"retry-after", str(after_s).encode())])


# ---- systems


async def _system(ingest: Ingest, scope: Scope, receive: Receive, send: Send) -> None:
    language: str = ingest.settings.service.language
    try:
        limit = ingest.settings.ingest.max_body_bytes
        body = await read_body(receive, limit)
        if body is None:
            return
        head = Head.of(scope)
        language = head.language or language
        messages, fault = _reports(head, body, limit)
        outcome = await ingest.take(head.sender(()), "system", messages)
        if not outcome.authentic:
            raise Unauthenticated("The credential is not known, or no longer in service.", "凭证无效或已停用。")
        if fault is not None:
            raise fault
        await _reply(send, 200, _JSON, _answers(outcome))
    except CorrectionsError as error:
        await _problem(send, error, language)
    except Exception as error:
        log.error("a request could not be handled: wire=system %s", describe(error))
        en, zh = "The request could not be handled; send it again later.", "请求未能处理，请稍后重新发送。"
        await _problem(send, Unavailable(en, zh, retry_after_s=ingest.settings.ingest.retry_after_s), language)


def _reports(head: Head, body: bytes | TooLong, limit: int) -> tuple[list[Message], CorrectionsError | None]:
    """The reports of a body, or why it is refused whole; which only one whose credential is known gets to hear."""
    en = f"The body has more than {limit} bytes or {MOST_MESSAGES} reports; send fewer at once."
    zh = f"请求正文超过 {limit} 字节或 {MOST_MESSAGES} 条上报，请分批发送。"
    if isinstance(body, TooLong):
        return [], _TooLarge(en, zh)
    json = not head.content_type or head.content_type == "application/json" or head.content_type.endswith("+json")
    if not json or head.encoding not in ENCODINGS:
        en, zh = "The body must be JSON (Content-Type: application/json), plain or in gzip.", "请求正文应为 JSON，可用 gzip 压缩。"
        return [], _OtherMedia(en, zh)
    try:
        return system.decode(head.unpacked(body, limit) if head.encoding else body), None
    except Overlong:
        return [], _TooLarge(en, zh)
    except Unreadable as fault:
        return [], Invalid(f"The body cannot be taken: {fault}.", f"请求正文无法接收：{fault}。")


def _answers(outcome: Outcome) -> bytes:
    answers = [_answer(verdict) for verdict in outcome.verdicts]
    counts = {str(result): sum(verdict.result is result for verdict in outcome.verdicts) for result in Result}
    return msgspec.json.encode({"results": answers, **counts})


def _answer(verdict: Verdict) -> dict[str, Any]:
    flaw = verdict.flaw
    if flaw is None:
        return {"result": verdict.result}
    en = f"{flaw.reason.en} ({flaw.detail})" if flaw.detail else flaw.reason.en
    return {"result": verdict.result, "code": flaw.reason, "field": flaw.field, "en": en, "zh": flaw.reason.zh}


async def _problem(send: Send, error: CorrectionsError, language: str) -> None:
    """An error as RFC 9457 problem details, in the form that all of the service's have."""
    headers = [(b"content-language", b"zh-CN" if language == "zh" else b"en"), (b"vary", b"Accept-Language")]
    if isinstance(error, Unavailable):
        headers.append((b"retry-after", str(error.retry_after_s).encode()))
    if isinstance(error, Unauthenticated):
        headers.append((b"www-authenticate", b'Bearer realm="corrections"'))
    title = TITLES[error.status]
    content = {
        "type": f"urn:corrections:problem:{error.code}", "title": title[language == "zh"], "status": error.status,
        "detail": error.zh if language == "zh" else error.en, "detail_zh": error.zh, "detail_en": error.en, "code": error.code,
    }  # fmt: skip
    await _reply(send, error.status, b"application/problem+json", msgspec.json.encode(content), headers)


async def _reply(send: Send, status: int, kind: bytes, content: bytes, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    fixed = [(b"content-type", kind), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": fixed + headers if headers else fixed})
    await send({"type": "http.response.body", "body": content})
