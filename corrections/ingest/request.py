"""What a request says before its body is understood: its credentials, its encoding, and the body's bytes up to a limit."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from corrections.ingest import values
from corrections.ingest.message import RAW_CAP, Sender
from corrections.ingest.values import Overlong, Unreadable

ENCODINGS = ("", "gzip", "x-gzip", "deflate")
DISCARDED = 16  # limits' worth of an over-long body are read and thrown away, so that the client can hear the answer


@dataclass(frozen=True, slots=True)
class TooLong:
    """A body beyond the limit; only its beginning was kept."""

    beginning: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """Query, headers that count, and what was offered as credential outside the body, in the order of belief:
    ``Authorization`` (Bearer, or the password of Basic), the path, ``token`` in the query. ``language`` is zh, en, or empty where
    none was asked for."""

    query: bytes
    offered: tuple[str, ...]
    claims: tuple[str, ...]
    content_type: str
    encoding: str
    language: str

    @classmethod
    def of(cls, scope: MutableMapping[str, Any], credential: str = "") -> Head:
        query: bytes = scope["query_string"]
        offered: list[str] = []
        claims: list[str] = []
        content_type = encoding = language = ""
        for name, value in scope["headers"]:
            if name == b"authorization":
                user, password = _authorization(value)
                offered.append(password)
                claims.append(user)
            elif name == b"content-type":
                content_type = value.partition(b";")[0].strip().lower().decode("latin-1")
            elif name == b"content-encoding":
                encoding = value.strip().lower().decode("latin-1").removeprefix("identity")
            elif name == b"accept-language":
                tags = [tag.strip()[:2].lower() for tag in value.decode("latin-1").split(",")]
                language = next((tag for tag in tags if tag in ("zh", "en")), "")
            elif name == b"x-limit-d":
                claims.insert(0, values.clean(value.decode("utf-8", "replace")))
        offered.append(values.clean(credential))
        if b"token" in query:
            asked = values.fields(query[: values.FORM_CAP])
            offered += [values.clean(asked.get(name, "")) for name in ("token", "access_token")]
        return cls(query, tuple(filter(None, offered)), tuple(filter(None, claims)), content_type, encoding, language)

    def sender(self, offered: tuple[str, ...]) -> Sender:
        """Who sent it, with what the body offered besides."""
        return Sender((*self.offered, *offered), self.claims)

    def unpacked(self, body: bytes, limit: int) -> bytes:
        """The body out of its content encoding. Raises Unreadable; Overlong where it has more than ``limit`` bytes."""
        if self.encoding not in ENCODINGS:
            raise Unreadable("content encoding")
        unpacked = values.unzip(body, limit)
        if len(unpacked) > limit:
            raise Overlong(f"longer than {limit} bytes")
        return unpacked


def _authorization(value: bytes) -> tuple[str, str]:
    """User and credential of an ``Authorization`` header; both empty where it is of no known kind."""
    scheme, _, rest = value.strip().partition(b" ")
    rest = rest.strip()
    if scheme.lower() == b"bearer":
        return "", values.clean(rest.decode("utf-8", "replace"))
    if scheme.lower() != b"basic":
        return "", ""
    try:
        user, _, password = b64decode(rest + b"=" * (-len(rest) % 4)).decode("utf-8", "replace").partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return values.clean(user), values.clean(password)


async def read_body(receive: Callable[[], Awaitable[MutableMapping[str, Any]]], limit: int) -> bytes | TooLong | None:
    """The whole body, ``TooLong`` beyond ``limit`` bytes, or None where the client went away before its end."""
    event = await receive()
    if event["type"] != "http.request":
        return None
    body: bytes = event.get("body", b"")
    if not event.get("more_body", False):
        return body if len(body) <= limit else TooLong(body[:RAW_CAP])
    parts, length = [body], len(body)
    while event.get("more_body", False) and length <= limit * DISCARDED:
        event = await receive()
        if event["type"] != "http.request":
            return None
        part = event.get("body", b"")
        if length <= limit:
            parts.append(part)
        length += len(part)
    body = b"".join(parts)
    return body if length <= limit else TooLong(body[:RAW_CAP])
