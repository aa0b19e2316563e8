"""A file as an answer: saved by the reader's browser and never shown in the page's place, under a name of any script."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import Request
from fastapi.responses import Response


def download(content: bytes, media_type: str, name: str) -> Response:
    """The bytes as a file to save (RFC 6266; ``nosniff`` comes with every answer)."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%' else "_" for c in name)
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    return Response(content, media_type=media_type, headers={"Content-Disposition": disposition})


async def body_of(request: Request) -> bytes:
    """The body as it came."""
    return await request.body()


def declared_type(request: Request) -> str:
    """What the sender says that the body is."""
    return request.headers.get("content-type", "")
