"""How values on the wire are read. Whatever the bytes, these functions return; what cannot be read is None, or ``Unreadable``.

JSON is read with msgspec; what it refuses but other clients write (NaN, 1e999, lone surrogates, a byte order mark) is read with
the standard library, so that one such value spoils its own message and not the batch around it.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from datetime import UTC, datetime, tzinfo
from typing import Any
from urllib.parse import unquote_plus

import msgspec

from corrections.domain.model import SOURCES, Source, to_us
from corrections.ingest.message import MOST_MESSAGES, Flaw, Message, Reason

LEAST_US = to_us(datetime.min.replace(tzinfo=UTC))
MOST_US = to_us(datetime.max.replace(tzinfo=UTC))
FORM_CAP = 65_536  # bytes of a query or form; real ones have under 2,000
SECRET_FIELDS = frozenset({"token", "access_token", "notificationToken"})

_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?\s*", re.ASCII)
_SPACE_FOR_PLUS = re.compile(r"T\S* \d\d:?\d\d$")
_TRUE = frozenset({"true", "1", "yes"})
_FALSE = frozenset({"false", "0", "no"})
JSON_FAULTS = (msgspec.MsgspecError, ValueError, RecursionError)


class Unreadable(ValueError):
    """A request whose form cannot be read at all; the text says why, without its content."""


class Overlong(Unreadable):
    """A request of more bytes or messages than are taken at once."""


# ---- numbers, texts, booleans


def number(value: object) -> float | None:
    """A JSON number as a float, possibly infinite or nan; None for everything else (true and false are no numbers)."""
    if isinstance(value, float):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value) if abs(value) < 1 << 1000 else math.inf
    return None


def number_else_nan(value: object) -> float:
    """A JSON number as a float; nan, which is out of every range, for everything else."""
    found = number(value)
    return math.nan if found is None else found


def number_or_text(value: object) -> float | None:
    """A number, or a text that spells one in decimal notation."""
    if isinstance(value, str):
        return float(value) if len(value) < 100 and _NUMBER.fullmatch(value) else None
    return number(value)


def within(value: float | None, least: float, most: float) -> float | None:
    """The value where it lies in ``[least, most]``, else None (which nan and infinities are, too)."""
    return value if value is not None and least <= value <= most else None


def positive(value: float | None) -> float | None:
    """A finite value above zero, else None."""
    return value if value is not None and 0.0 < value < math.inf else None


def finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def clean(value: object, limit: int = 200) -> str:
    """A name as text that databases and log lines hold: printable (no NUL, no lone surrogate), at most ``limit`` characters."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    if isinstance(value, int):
        return str(value) if abs(value) < 1 << 64 else ""
    text = value[:limit].strip()
    return text if text.isprintable() else "".join(sign if sign.isprintable() else "?" for sign in text)


def truth(value: object) -> bool | None:
    """True or false as clients write them; None where nothing was said."""
    if isinstance(value, bool):
        return value
    text = str(value).lower() if isinstance(value, str | int) else ""
    return True if text in _TRUE else False if text in _FALSE else None


def source(value: object) -> int:
    """The place in ``SOURCES`` of what a fix was taken from. ``network`` says neither Wi-Fi nor cell, so it is unknown."""
    try:
        return SOURCES.index(Source(value))  # type: ignore[arg-type]
    except ValueError:
        return 0


def coordinates(lat: object, lon: object) -> tuple[float | None, float | None, Flaw | None]:
    """Latitude and longitude in degrees as given; both None without a flaw where neither was given."""
    if lat is None and lon is None:
        return None, None, None
    y, x = number_or_text(lat), number_or_text(lon)
    if y is None or not -90.0 <= y <= 90.0:
        return None, None, Flaw(Reason.BAD_COORDINATES, "latitude", "lat")
    if x is None or not -180.0 <= x <= 180.0:
        return None, None, Flaw(Reason.BAD_COORDINATES, "longitude", "lon")
    if y == 0.0 and x == 0.0:
        return None, None, Flaw(Reason.NULL_ISLAND, "", "lat")
    return y, x, None


# ---- times


def seconds_us(value: float | None, unit_us: int = 1_000_000) -> int | None:
    """Microseconds since 1970 of a number of seconds (or of another unit), None where no calendar reaches."""
    if value is None or not LEAST_US <= value * unit_us <= MOST_US:
        return None
    return round(value * unit_us)


def iso_us(text: object, zone: tzinfo | None = None) -> int | None:
    """Microseconds since 1970 of an ISO 8601 date and time. One without an offset is read in ``zone``; without that, None."""
    if not isinstance(text, str) or not 11 <= len(text) <= 40:
        return None
    text = text.strip().upper()
    if _SPACE_FOR_PLUS.search(text):  # a plus sign that was not escaped in a query
        text = "+".join(text.rsplit(" ", 1))
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            if zone is None:
                return None
            at = at.replace(tzinfo=zone)
        return to_us(at)
    except (ValueError, OverflowError):
        return None


# ---- queries and forms


def fields(query: bytes) -> dict[str, str]:
    """The fields of a query or form; of a repeated one the last. Raises Overlong beyond ``FORM_CAP``."""
    if len(query) > FORM_CAP:
        raise Overlong("form too long")
    found: dict[str, str] = {}
    for part in query.decode("utf-8", "replace").split("&"):
        name, equals, value = part.partition("=")
        if equals:
            if "%" in value or "+" in value:
                value = unquote_plus(value)
            found[name if "%" not in name else unquote_plus(name)] = value.strip()
    return found


def without_secrets(query: bytes) -> bytes:
    """A query or form less its credentials and push tokens, which are no part of the evidence."""
    if b"oken" not in query:
        return query
    parts = query.split(b"&")
    return b"&".join(part for part in parts if part.partition(b"=")[0].decode("ascii", "replace") not in SECRET_FIELDS)


# ---- JSON and bodies


def _whole(text: str) -> int | float:
    return int(text) if len(text) < 30 else float(text)


def _lenient(body: bytes) -> Any:
    try:
        return json.loads(body, parse_int=_whole)
    except (ValueError, RecursionError) as error:
        raise Unreadable("not JSON") from error


def parse(body: bytes) -> Any:
    """The JSON value of a body. Raises Unreadable."""
    try:
        return msgspec.json.decode(body)
    except JSON_FAULTS:
        return _lenient(body)


def again(value: Any) -> bytes:
    """A part of a JSON value as bytes, where the bytes that it came in are not at hand."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()


_array = msgspec.json.Decoder(list[msgspec.Raw])


def members(body: bytes) -> list[tuple[Any, bytes]]:
    """The elements of a JSON array, each with its bytes; any other JSON value stands alone. Raises Unreadable."""
    if body.lstrip()[:1] == b"[":
        try:
            return elements(_array.decode(body))
        except Unreadable:
            raise
        except JSON_FAULTS:
            pass  # read again below, with more patience
    value = parse(body)
    return elements(value) if isinstance(value, list) else [(value, body)]


def elements(parts: list[Any]) -> list[tuple[Any, bytes]]:
    """Each element's value and its bytes, of an array still raw or already decoded. Raises Overlong where there are too many."""
    if len(parts) > MOST_MESSAGES:
        raise Overlong(f"more than {MOST_MESSAGES} messages")
    return [(msgspec.json.decode(part), bytes(part)) if isinstance(part, msgspec.Raw) else (part, again(part)) for part in parts]


def unzip(body: bytes, limit: int) -> bytes:
    """A gzip or zlib body unpacked, at most ``limit`` + 1 bytes of it. Raises Unreadable."""
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        unpacked = unpacker.decompress(body, limit + 1)
    except zlib.error as error:
        raise Unreadable("compression") from error
    if not unpacker.eof and len(unpacked) <= limit:
        raise Unreadable("compression cut short")
    return unpacked


def unreadable(raw: bytes, detail: str) -> Message:
    """A request that says nothing but that it came."""
    return Message(raw=raw, flaw=Flaw(Reason.UNREADABLE, detail))
